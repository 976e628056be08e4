"""What a person asked for: frozen values, made once from what argparse read, for each command.

`read` in the functions below is what argparse read: the name of a flag -> its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasksync.value_classes import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasksync.core.guards import Overrides

#: seconds that a state behind http or in S3 may take to answer, where no flag says it
_STORE_TIMEOUT = 100.0


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """The files and folders that -f named; none means tasksync.yaml."""

    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """What is checked, and whether it is printed written out."""

    manifest: ManifestOptions = field(default_factory=ManifestOptions)
    expand: bool = False


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Where the state is, and how many seconds its lock and its answers are waited for."""

    url: str | None = None
    lock_timeout: float = 0.0
    timeout: float = _STORE_TIMEOUT


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """How the portal is reached; `timeout` and `settle` are seconds."""

    portal: str | None
    parallelism: int
    timeout: float
    settle: float
    max_requests: int | None


@dataclass(frozen=True, slots=True)
class PlanningOptions:
    """What a plan is about, and which guards are overridden."""

    target: tuple[str, ...]
    exclude: tuple[str, ...]
    destroy: bool
    no_refresh: bool
    overrides: Overrides


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How things are shown."""

    no_color: bool
    no_progress: bool


@dataclass(frozen=True, slots=True)
class ConfirmOptions:
    """Whether the person has said yes already, or may not be asked."""

    yes: bool
    no_input: bool


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the parts of every run are made of; `portal` is None where a command reaches none."""

    manifest: ManifestOptions
    store: StoreOptions
    portal: PortalOptions | None
    output: OutputOptions


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """`tasksync plan`."""

    run: RunOptions
    planning: PlanningOptions
    out: str | None
    detailed_exitcode: bool
    format: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """`tasksync apply`; `json` asks for a line an event.

    `expect` is the digest that was approved, or `published`.
    """

    run: RunOptions
    planning: PlanningOptions
    confirm: ConfirmOptions
    planfile: str | None
    resume: str | None
    skip_stale: bool
    no_verify: bool
    json: bool
    expect: str | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """`tasksync undo`: `word` names the run ("": the last); `writing` is how it is done.

    `out` is where the plan is saved instead; `project` stands for the manifest's.
    """

    writing: ApplyOptions
    word: str
    out: str | None
    project: str | None


@dataclass(frozen=True, slots=True)
class StatusOptions:
    """`tasksync status`; `due` is seconds from now, the person as it was typed."""

    run: RunOptions
    glob: str
    open: bool
    overdue: bool
    due: int | None
    person: str | None
    format: str


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """`tasksync drift`."""

    run: RunOptions
    glob: str
    detailed_exitcode: bool
    format: str


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """`tasksync show`."""

    planfile: str
    format: str
    output: OutputOptions
    full: bool = False


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """`tasksync publish`; without a name the file is a plan. `to` and `pull_request` may be told.

    `optional`: missing rights, and no pull request, are no error.
    """

    file: str
    name: str | None
    to: str | None
    pull_request: int | None
    optional: bool


@dataclass(frozen=True, slots=True)
class WhoamiOptions:
    """`tasksync whoami`."""

    run: RunOptions
    format: str


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """`tasksync people` and `groups`; `words` narrow what is listed."""

    run: RunOptions
    words: tuple[str, ...]
    format: str


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`tasksync import` from the portal; people and groups as they were typed.

    `since` is a date, or a date and time. `numbers`: people stay numbers.
    """

    run: RunOptions
    out: str
    project: str | None = None
    group: str | None = None
    tag: str | None = None
    responsible: str | None = None
    statuses: frozenset[int] = frozenset()
    since: str | None = None
    open: bool = False
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """`tasksync import --match`."""

    run: RunOptions
    confirm: ConfirmOptions


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """`tasksync accept`; no `words` are all that people changed."""

    run: RunOptions
    confirm: ConfirmOptions
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InitOptions:
    """`tasksync init`; what is None is asked for, or told by the portal."""

    run: RunOptions
    project: str | None
    timezone: str | None
    no_input: bool


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """`tasksync sandbox`; all but `port` and `limits` name files."""

    port: int
    limits: str
    data: str | None
    faults: str | None
    quirks: str | None


@dataclass(frozen=True, slots=True)
class StateOptions:
    """What every verb of `tasksync state` takes; `project` instead of the manifest's."""

    run: RunOptions
    project: str | None


@dataclass(frozen=True, slots=True)
class StateListOptions:
    """`state list`."""

    state: StateOptions
    glob: str


@dataclass(frozen=True, slots=True)
class StateShowOptions:
    """`state show`."""

    state: StateOptions
    key: str


@dataclass(frozen=True, slots=True)
class StateMoveOptions:
    """`state mv`."""

    state: StateOptions
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StateRemoveOptions:
    """`state rm`."""

    state: StateOptions
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """`tasksync history`, or `history show` where a run is named; `last` is the newest."""

    state: StateOptions
    run: str | None
    format: str


@dataclass(frozen=True, slots=True)
class StatePushOptions:
    """`state push`; the source is a file, or - for stdin."""

    state: StateOptions
    source: str
    force: bool


@dataclass(frozen=True, slots=True)
class StateRebuildOptions:
    """`state rebuild`; `by_title`: the title alone has to agree."""

    state: StateOptions
    confirm: ConfirmOptions
    by_title: bool


@dataclass(frozen=True, slots=True)
class StateRebindOptions:
    """`state rebind`."""

    state: StateOptions
    confirm: ConfirmOptions


@dataclass(frozen=True, slots=True)
class StateUnlockOptions:
    """`state unlock`."""

    state: StateOptions
    id: str


def manifest_options(read: Mapping[str, Any]) -> ManifestOptions:
    """Return what -f named."""
    return ManifestOptions(tuple(read.get("file") or ()))


def validate_options(read: Mapping[str, Any]) -> ValidateOptions:
    """Return what `validate` was asked."""
    return ValidateOptions(manifest_options(read), expand=bool(read.get("expand")))


def plan_options(read: Mapping[str, Any]) -> PlanOptions:
    """Return what `plan` was asked."""
    return PlanOptions(
        _run(read),
        _planning(read),
        out=read["out"],
        detailed_exitcode=read["detailed_exitcode"],
        format=_format(read),
        full=read["full"],
    )


def apply_options(read: Mapping[str, Any]) -> ApplyOptions:
    """Return what `apply` was asked."""
    return ApplyOptions(
        _run(read),
        _planning(read),
        _confirm(read),
        planfile=read["planfile"],
        resume=read["resume"],
        skip_stale=read["skip_stale"],
        no_verify=read["no_verify"],
        json=read["json"],
        expect=read["expect"],
        full=read["full"],
    )


def undo_options(read: Mapping[str, Any]) -> UndoOptions:
    """Return what `undo` was asked."""
    planning = PlanningOptions((), (), destroy=False, no_refresh=False, overrides=_overrides(read))
    writing = ApplyOptions(
        _run(read),
        planning,
        _confirm(read),
        planfile=None,
        resume=None,
        skip_stale=read["skip_stale"],
        no_verify=read["no_verify"],
        json=read["json"],
    )
    return UndoOptions(writing, read["undone"] or "", read["out"], read["project"])


def status_options(read: Mapping[str, Any]) -> StatusOptions:
    """Return what `status` was asked."""
    return StatusOptions(
        _run(read),
        read["glob"] or "",
        open=read["open"],
        overdue=read["overdue"],
        due=read["due"],
        person=read["person"],
        format=_format(read),
    )


def drift_options(read: Mapping[str, Any]) -> DriftOptions:
    """Return what `drift` was asked."""
    return DriftOptions(_run(read), read["glob"] or "", read["detailed_exitcode"], _format(read))


def show_options(read: Mapping[str, Any]) -> ShowOptions:
    """Return what `show` was asked."""
    return ShowOptions(read["planfile"], _format(read), _output(read), read["full"])


def publish_options(read: Mapping[str, Any]) -> PublishOptions:
    """Return what `publish` was asked."""
    return PublishOptions(
        read["file"], read["name"], read["to"], read["pull_request"], read["optional"]
    )


def whoami_options(read: Mapping[str, Any]) -> WhoamiOptions:
    """Return what `whoami` was asked."""
    return WhoamiOptions(_run(read), _format(read))


def directory_options(read: Mapping[str, Any]) -> DirectoryOptions:
    """Return what `people` or `groups` was asked."""
    return DirectoryOptions(_run(read), tuple(read["words"]), _format(read))


def import_options(read: Mapping[str, Any]) -> ImportOptions:
    """Return what `import` was asked of the portal."""
    return ImportOptions(
        _run(read),
        read["out"],
        project=read["project"],
        group=read["group"],
        tag=read["tag"],
        responsible=read["responsible"],
        statuses=frozenset(read["status"] or ()),
        since=read["changed_since"],
        open=read["open"],
        numbers=read["people"] == "number",
    )


def match_options(read: Mapping[str, Any]) -> MatchOptions:
    """Return what `import --match` was asked."""
    return MatchOptions(_run(read), _confirm(read))


def accept_options(read: Mapping[str, Any]) -> AcceptOptions:
    """Return what `accept` was asked; raises UsageError without a word, or with too many."""
    from tasksync.errors import UsageError

    if bool(read["what"]) is bool(read["all"]):
        raise UsageError(
            "accept takes over what is named, or all of it with --all.",
            "Say one of both: accept KEY.deadline, accept 'onboarding/*', accept --all.",
        )
    return AcceptOptions(_run(read), _confirm(read), tuple(read["what"]))


def init_options(read: Mapping[str, Any]) -> InitOptions:
    """Return what `init` was asked."""
    return InitOptions(_run(read), read["project"], read["timezone"], read["no_input"])


def sandbox_options(read: Mapping[str, Any]) -> SandboxOptions:
    """Return what `sandbox` was asked."""
    return SandboxOptions(
        read["port"], read["limits"], read["data"], read["faults"], read["quirks"]
    )


def state_options(read: Mapping[str, Any]) -> StateOptions:
    """Return what every verb of `state` takes."""
    return StateOptions(_run(read), read["project"])


def history_options(read: Mapping[str, Any]) -> HistoryOptions:
    """Return what `history` was asked."""
    run = ("last" if read["run"] is None else read["run"]) if read["verb"] else None
    return HistoryOptions(state_options(read), run, _format(read))


def list_options(read: Mapping[str, Any]) -> StateListOptions:
    """Return what `state list` was asked."""
    return StateListOptions(state_options(read), read["glob"])


def key_options(read: Mapping[str, Any]) -> StateShowOptions:
    """Return what `state show` was asked."""
    return StateShowOptions(state_options(read), read["key"])


def move_options(read: Mapping[str, Any]) -> StateMoveOptions:
    """Return what `state mv` was asked."""
    return StateMoveOptions(state_options(read), read["before"], read["after"])


def remove_options(read: Mapping[str, Any]) -> StateRemoveOptions:
    """Return what `state rm` was asked."""
    return StateRemoveOptions(state_options(read), tuple(read["key"]))


def push_options(read: Mapping[str, Any]) -> StatePushOptions:
    """Return what `state push` was asked."""
    return StatePushOptions(state_options(read), read["source"], read["force"])


def rebuild_options(read: Mapping[str, Any]) -> StateRebuildOptions:
    """Return what `state rebuild` was asked."""
    return StateRebuildOptions(state_options(read), _confirm(read), read["match"] == "title")


def rebind_options(read: Mapping[str, Any]) -> StateRebindOptions:
    """Return what `state rebind` was asked."""
    return StateRebindOptions(state_options(read), _confirm(read))


def unlock_options(read: Mapping[str, Any]) -> StateUnlockOptions:
    """Return what `state unlock` was asked."""
    return StateUnlockOptions(state_options(read), read["id"])


def _run(read: Mapping[str, Any]) -> RunOptions:
    store = StoreOptions(
        read.get("state"),
        read.get("lock_timeout") or 0.0,
        read.get("timeout") or _STORE_TIMEOUT,
    )
    portal = _portal(read) if "portal" in read else None
    return RunOptions(manifest_options(read), store, portal, _output(read))


def _portal(read: Mapping[str, Any]) -> PortalOptions:
    return PortalOptions(
        read["portal"],
        parallelism=read["parallelism"],
        timeout=read["timeout"],
        settle=read["settle"],
        max_requests=read["max_requests"],
    )


def _planning(read: Mapping[str, Any]) -> PlanningOptions:
    return PlanningOptions(
        tuple(read["target"] or ()),
        tuple(read["exclude"] or ()),
        destroy=read["destroy"],
        no_refresh=read["no_refresh"],
        overrides=_overrides(read),
    )


def _overrides(read: Mapping[str, Any]) -> Overrides:
    from tasksync.core.guards import Overrides

    return Overrides(
        max_delete=read["max_delete"],
        max_update=read["max_update"],
        delete_active=read["dangerous_delete_active"],
        allow_empty=read["dangerous_allow_empty"],
        half_read=read["dangerous_half_read"],
        vanished=read["dangerous_recreate_vanished"],
        renamed=read["dangerous_delete_renamed"],
        reopen=read["dangerous_reopen"],
    )


def _output(read: Mapping[str, Any]) -> OutputOptions:
    return OutputOptions(read["no_color"], read["quiet"])


def _confirm(read: Mapping[str, Any]) -> ConfirmOptions:
    return ConfirmOptions(read["yes"], read["no_input"])


def _format(read: Mapping[str, Any]) -> str:
    return "json" if read["json"] else str(read["format"])
