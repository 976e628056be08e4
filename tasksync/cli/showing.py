"""How a plan is shown, in each format; the one place that chooses a renderer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.core.plan import Plan, Refusal
from tasksync.core.plan_secrets import for_showing
from tasksync.value_classes import dataclass

if TYPE_CHECKING:
    from tasksync.core.fields import TaskKey
    from tasksync.render.style import Style
    from tasksync.render.text_blocks import Layout

FORMATS = ("text", "json", "markdown", "html")


@dataclass(frozen=True, slots=True)
class Cost:
    """How many requests applying takes, and about how many seconds at the limits."""

    requests: int = 0
    seconds: float = 0.0


def approvable(plan: Plan) -> str:
    """Return the digest by which a plan may be approved; "" for one that `apply --expect` refuses.

    That plans the whole manifest: what was narrowed, destroys or undoes is no plan of that.
    """
    from tasksync.core.formats.plan_json import digest

    return digest(plan) if plan.approvable else ""


def show(  # noqa: PLR0913 - all that a plan is shown with
    console: Console,
    plan: Plan,
    format_: str,
    cost: Cost,
    refusals: Sequence[Refusal] = (),
    *,
    first_line: str = "",
    colour: bool = True,
    digest: str = "",
    nothing: str = "",
    full: bool = False,
    timezone: str | None = None,
    kept: frozenset[TaskKey] = frozenset(),
) -> None:
    """Write a plan to stdout.

    `digest` is by what it may be approved, "" where it is about to be done; `nothing` is what is
    said of a plan without changes, "" for the usual. As text every change is shown whole where it
    is `full`, else what repeats once, and `kept` are keys that are named all the same. `timezone`
    is the manifest's; None where it has none, or is not at hand.
    """
    if format_ != "json" and console.hidden is not None:
        plan = for_showing(plan, console.hidden.secrets)
    match format_:
        case "json":
            console.say(_json(console, plan, cost, refusals))
        case "markdown":
            from tasksync.render.markdown import plan_markdown

            console.say(
                plan_markdown(
                    plan,
                    requests=cost.requests,
                    seconds=cost.seconds,
                    refusals=refusals,
                    digest=digest,
                )
            )
        case "html":
            from tasksync.cli.file_addresses import address_in
            from tasksync.render.html import plan_html

            console.say(
                plan_html(
                    plan,
                    version=__version__,
                    requests=cost.requests,
                    seconds=cost.seconds,
                    refusals=refusals,
                    digest=digest,
                    link=address_in(console.env),
                )
            )
        case _:
            from tasksync.render.text import plan_text

            console.say(
                plan_text(
                    plan,
                    first_line=first_line,
                    requests=cost.requests,
                    seconds=cost.seconds,
                    refusals=refusals,
                    style=_style(console, colour=colour),
                    digest=digest,
                    nothing=nothing,
                    layout=_layout(console, plan, full=full, timezone=timezone, kept=kept),
                )
            )


def _layout(
    console: Console,
    plan: Plan,
    *,
    full: bool,
    timezone: str | None,
    kept: frozenset[TaskKey],
) -> Layout:
    from zoneinfo import ZoneInfo

    from tasksync.cli.file_addresses import nearest
    from tasksync.render.short_dates import short_dates
    from tasksync.render.text_blocks import Layout

    zone = ZoneInfo(timezone) if timezone else None
    dates = short_dates(plan, zone, timezone or "")
    return Layout(full, dates, kept, nearest, whole=not console.out.isatty())


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


def _style(console: Console, *, colour: bool) -> Style:
    from tasksync.render.style import PLAIN, colours

    return colours() if console.coloured(console.out, wanted=colour) else PLAIN
