"""Every error that a person may see, in one tree; each class knows its exit code.

TasksyncError                        1
├── UsageError                      64   a flag or an argument that cannot be
├── SettingsError                    1   a file, variable or URL that cannot be used
├── ManifestInvalid                  1   carries the problems, each with its place
│   ├── SheetInvalid                 1   the same, of a spreadsheet
│   └── FleetInvalid                 1   the same, of a fleet's file
├── PortalError                      1
│   ├── AuthenticationFailed         7
│   ├── PermissionDenied             7
│   ├── PortalUnreachable            1   nothing was sent: DNS, TLS, refused
│   ├── PortalUnavailable            1   429, 5xx, time-outs, after patience ran out
│   │   └── PortalAsksToWait         1   longer than 10 minutes: the run ends
│   ├── PortalRejected               1   4xx: the portal will not do it
│   ├── PortalBlocked                1   ERROR_LOOP_DETECTED: the run stops
│   ├── PortalUnreadable             1   an answer that no documented shape covers
│   └── MarkerNotKept                1   the tag by which our tasks are known does not last
├── StateError                       1
│   ├── StateUnreadable              1   torn, not a state, or of a newer format
│   ├── StateForeign                 1   of another portal, project or lineage
│   ├── StateLocked                  6   carries the holder
│   │   └── StateBusy                6   no run's lock: a program that is not known
│   ├── StateMoved                   1   another wrote: this lease is fenced off
│   └── StateNotSaved                1   the loudest one: where it was written beside
├── ForgeError                       1   GitHub, GitLab or Gitea did not do what was asked
│   ├── NoPullRequest                1   the run belongs to none on which this could be published
│   ├── ForgeUnavailable             1   no answer, 5xx, a limit that lasts too long
│   └── ForgeDenied                  7   the token is missing, wrong, or may not do this
│       └── ForgeNotFound            7   not there, or not to be seen with this token
├── PlanRefused                      4   carries the refusals
├── PlanStale                        5   carries what moved
└── PlanUnusable                     1   not a plan file, or not of this project or portal

A partial apply (3) and an interruption (130) are no errors: they are what a run's report says.
"""

from __future__ import annotations


class TasksyncError(Exception):
    """The root: a message for a tired person, and what to do next."""

    exit_code = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else self.message


class UsageError(TasksyncError):
    """A flag or an argument that cannot be."""

    exit_code = 64


class SettingsError(TasksyncError):
    """A file, an environment variable or a URL that cannot be used."""


class ManifestInvalid(TasksyncError):
    """The manifest has faults; `problems` holds each with its place and how to mend it."""

    def __init__(self, problems: tuple[object, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SheetInvalid(ManifestInvalid):
    """A sheet holds what cannot be read or what no manifest takes; nothing was written."""


class FleetInvalid(ManifestInvalid):
    """A fleet's file has faults; no project of it was started."""


class PortalError(TasksyncError):
    """The portal did not do what was asked; `code` is the vendor's, or empty."""

    def __init__(self, message: str, advice: str = "", *, code: str = "") -> None:
        super().__init__(message, advice)
        self.code = code


class AuthenticationFailed(PortalError):
    """401: the key or the session is missing, wrong or expired."""

    exit_code = 7


class PermissionDenied(PortalError):
    """403: the key may not do this."""

    exit_code = 7


class PortalUnreachable(PortalError):
    """The connection never stood (DNS, TLS, refused): nothing was sent."""


class PortalUnavailable(PortalError):
    """The portal is busy or down, and patience ran out."""


class PortalAsksToWait(PortalUnavailable):
    """The portal asks to wait longer than 10 minutes; the advice says when to come again."""


class PortalRejected(PortalError):
    """The portal understood and will not do it."""


class PortalBlocked(PortalError):
    """ERROR_LOOP_DETECTED: the platform blocks this key for a while; the run stops."""


class PortalUnreadable(PortalError):
    """An answer that no documented shape covers."""


class MarkerNotKept(PortalError):
    """The portal drops the marker, or turns it so that it is not found: the run ends."""


class StateError(TasksyncError):
    """The state cannot be used."""


class StateUnreadable(StateError):
    """Torn, not a state at all, or written by a newer version; never overwritten."""


class StateForeign(StateError):
    """The state belongs to another portal, project or lineage."""


class StateLocked(StateError):
    """Another run holds the lease; `holder` says who.

    `left` is for how many seconds its heart has to stand still before it may be taken; None where
    waiting does not help: its holder lives on this host, or another lock is in force.
    """

    exit_code = 6

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        holder: object,
        left: float | None = None,
    ) -> None:
        super().__init__(message, advice)
        self.holder = holder
        self.left = left


class StateBusy(StateLocked):
    """A program keeps the storage busy (a backup, an open transaction); waiting may help.

    `holder` is None: it holds no lease of ours, and the storage does not tell who it is.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice, holder=None)


class StateMoved(StateError):
    """Another run wrote, or took the lease: this one may commit nothing more."""


class StateNotSaved(StateError):
    """The state could not be saved; the message names where it was written beside."""


class ForgeError(TasksyncError):
    """The forge that holds the pull request did not do what was asked."""


class NoPullRequest(ForgeError):
    """This run belongs to no pull request on which this could be published."""


class ForgeUnavailable(ForgeError):
    """No answer came, or none in time; what was asked may have been done."""


class ForgeDenied(ForgeError):
    """The token is missing or wrong, or lacks a permission.

    `is_unknown`: nobody knows this token (401); else it is known, and may not do this (403).
    """

    exit_code = 7

    def __init__(self, message: str, advice: str = "", *, is_unknown: bool = False) -> None:
        super().__init__(message, advice)
        self.is_unknown = is_unknown


class ForgeNotFound(ForgeDenied):
    """What was asked for is not there; forges answer so where a token may not see it, too."""


class PlanRefused(TasksyncError):
    """A safety guard holds the plan back; `refusals` says which and how to override each."""

    exit_code = 4

    def __init__(self, refusals: tuple[object, ...]) -> None:
        super().__init__("\n".join(str(refusal) for refusal in refusals))
        self.refusals = refusals


class PlanStale(TasksyncError):
    """The portal or the state moved since the plan was saved."""

    exit_code = 5


class PlanUnusable(TasksyncError):
    """Not a plan file, a changed one, or one of another project or portal."""
