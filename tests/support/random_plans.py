"""Plans as nobody writes them: any number of changes of any kind, in any order, in any script."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Value
from tasksync.core.plan import Drift, Plan, Refusal
from tasksync.core.task import Activity, Place

WORDS = (
    "report", "the", "of", "Договор", "проверить", "請求書を確認してください", "résumé", "a",
    "https://example.com/" + "path/" * 12, "figures-for-the-board", "表" * 50, "x" * 90,
    "::error::",
)  # fmt: skip
PEOPLE = {1: "anna@example.com", 2: "Ольга Петрова <petrova@example.com>", 3: "李" * 20}
MOMENTS = ("2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00", "2026-06-01T09:30:00+03:00")
FILES = ("tasks.yaml", "teams/of the north/tasks.yaml", "/srv/" + "deep/" * 16 + "tasks.yaml")
REASONS = {
    Action.CREATE: (Reason.NEW, Reason.VANISHED),
    Action.UPDATE: (Reason.EDITED, Reason.DRIFTED, Reason.EDITED_AND_DRIFTED),
    Action.DELETE: (Reason.DROPPED, Reason.DESTROYED),
    Action.DEFER: (Reason.DROPPED,),
    Action.ADOPT: (Reason.ADOPTED, Reason.LOST_STATE),
    Action.FORGET: (Reason.GONE, Reason.HIDDEN),
}


def text(random: Random, most: int) -> str:
    """Return a text of some words, some of them of several lines."""
    blanks = (" ", " ", " ", "\n") if most > 4 else (" ",)
    return "".join(
        random.choice(WORDS) + random.choice(blanks) for _ in range(random.randint(1, most))
    ).strip()


def _value(random: Random, name: str) -> Value:
    values: dict[str, Callable[[], Value]] = {
        "title": lambda: text(random, 4),
        "description": lambda: random.choice((None, text(random, 30))),
        "deadline": lambda: random.choice((None, *MOMENTS)),
        "startDatePlan": lambda: random.choice((None, *MOMENTS)),
        "responsibleId": lambda: random.choice((*PEOPLE, 99)),
        "accomplices": lambda: tuple(sorted(random.sample(sorted(PEOPLE), random.randint(0, 3)))),
        "tags": lambda: tuple(random.sample(("q1", "q2", "финансы", "経理"), random.randint(0, 4))),
        "parentId": lambda: random.choice((None, 7, KeyRef(TaskKey("k-0")))),
        "priority": lambda: random.choice((1, 2)),
    }
    return values[name]()


NAMES = (
    "title", "description", "deadline", "startDatePlan", "responsibleId", "accomplices", "tags",
    "parentId", "priority",
)  # fmt: skip


def _fields(random: Random, action: Action, *, few: bool) -> tuple[FieldChange, ...]:
    if action in {Action.FORGET, Action.ADOPT}:
        return ()
    names = ("deadline", "responsibleId") if few else NAMES
    chosen = [one for one in names if random.random() < 0.5] or ["priority"]
    if action is Action.CREATE:
        return tuple(FieldChange(one, None, _value(random, one)) for one in chosen)
    drifted = random.random() < 0.2
    return tuple(
        FieldChange(one, _value(random, one), _value(random, one), drifted) for one in chosen
    )


def _change(random: Random, number: int, actions: list[Action], *, few: bool) -> Change:
    action = random.choice(actions)
    key = TaskKey(random.choice((f"k-{number}", f"team/{'long-' * 14}{number}/contract")))
    removed = action is Action.DELETE
    return Change(
        key,
        action,
        random.choice(REASONS[action]),
        None if action is Action.CREATE else RemoteId(number + 1),
        _fields(random, action, few=few),
        title=text(random, 4),
        place=None if removed else Place(random.choice(FILES), number + 1, 3),
        protected=removed and random.random() < 0.3,
        activity=random.choice((None, Activity(2, 90))) if removed else None,
        responsible=random.choice((*PEOPLE, 99)),
    )


def random_plan(seed: int) -> tuple[Plan, tuple[Refusal, ...]]:
    """Return a plan, and what a guard says of some of it."""
    random = Random(seed)  # noqa: S311 - a plan that comes back
    actions = random.sample(list(REASONS), random.randint(1, len(REASONS)))
    few = random.random() < 0.5
    size = random.choice((0, 1, 2, 3, 5, 12, 40, 90))
    changes = tuple(_change(random, number, actions, few=few) for number in range(size))
    drift = tuple(
        Drift(TaskKey(f"d-{at}"), RemoteId(at + 1), "deadline", *random.sample(MOMENTS, 2))
        for at in range(random.randint(0, 3))
    )
    held = tuple(one.key for one in changes if random.random() < 0.2)
    refusals = (Refusal("any", "Too much at once.", "Do less.", held),) if held else ()
    half = size // 2
    plan = Plan(
        "finance-q2", "acme.bitrix24.com", "L", 1, (changes[:half], changes[half:]),
        drift=drift, names=tuple(PEOPLE.items()), unchanged=3,
    )  # fmt: skip
    return plan, refusals
