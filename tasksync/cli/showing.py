"""How a plan is shown, in each format; the one place that chooses a renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.core.plan import Plan, Refusal
from tasksync.core.plan_secrets import for_showing

FORMATS = ("text", "json", "markdown", "html")


@dataclass(frozen=True, slots=True)
class Cost:
    """How many requests applying takes, and about how many seconds at the limits."""

    requests: int = 0
    seconds: float = 0.0


def show(
    console: Console,
    plan: Plan,
    format_: str,
    cost: Cost,
    refusals: Sequence[Refusal] = (),
    *,
    first_line: str = "",
    colour: bool = True,
) -> None:
    """Write a plan to stdout."""
    if format_ != "json" and console.hidden is not None:
        plan = for_showing(plan, console.hidden.secrets)
    match format_:
        case "json":
            console.say(_json(console, plan, cost, refusals))
        case "markdown":
            from tasksync.render.markdown import plan_markdown

            console.say(
                plan_markdown(plan, requests=cost.requests, seconds=cost.seconds, refusals=refusals)
            )
        case "html":
            from tasksync.render.html import plan_html

            console.say(
                plan_html(
                    plan,
                    version=__version__,
                    requests=cost.requests,
                    seconds=cost.seconds,
                    refusals=refusals,
                )
            )
        case _:
            console.say(_text(console, plan, cost, refusals, first_line=first_line, colour=colour))


def _json(console: Console, plan: Plan, cost: Cost, refusals: Sequence[Refusal]) -> str:
    from tasksync.render.json import plan_as_json

    return plan_as_json(
        plan,
        version=__version__,
        requests=cost.requests,
        seconds=cost.seconds,
        refusals=refusals,
        secrets=console.outside(),
    )


def _text(
    console: Console,
    plan: Plan,
    cost: Cost,
    refusals: Sequence[Refusal],
    *,
    first_line: str,
    colour: bool,
) -> str:
    from tasksync.render.style import PLAIN, colours
    from tasksync.render.text import plan_text

    style = colours() if console.coloured(console.out, wanted=colour) else PLAIN
    return plan_text(
        plan,
        first_line=first_line,
        requests=cost.requests,
        seconds=cost.seconds,
        refusals=refusals,
        style=style,
    )
