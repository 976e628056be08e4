"""A store like another, into which nothing from outside carries our secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tasksync.core.fields import Values
from tasksync.core.history import RecordedChange
from tasksync.core.ports import StateStore
from tasksync.core.secrets import Secrets
from tasksync.core.state import Entry, Holder, Intent, Lease, PortalIdentity, Run, State, StateDelta
from tasksync.core.state import state_of as whole
from tasksync.value_classes import replace


class RedactedStore:
    """Writes what it is given without our secrets, into a store of any kind.

    `secrets` is asked at each write. It leaves out what the manifest says itself: that is
    remembered as it is written to the portal, or the next plan would find it edited.
    """

    def __init__(self, store: StateStore, secrets: Callable[[], Secrets]) -> None:
        self._store = store
        self._secrets = secrets

    def load(self) -> State:
        """Load, and forget a secret in the names that an earlier version wrote down."""
        state = self._store.load()
        identity = state.identity and _identity(state.identity, self._secrets())
        return state if identity == state.identity else replace(state, identity=identity)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Commit a delta without our secrets."""
        self._store.commit(redacted(delta, self._secrets()), lease)

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did."""
        return self._store.recorded(run)

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state without our secrets."""
        self._store.replace(_state(state, self._secrets()), lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease; what says who we are holds no secret either."""
        secrets = self._secrets()
        user, host, url = map(secrets.redact, (who.user, who.host, who.run_url))
        return self._store.acquire(replace(who, user=user, host=host, run_url=url), ttl)

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        return self._store.renew(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        self._store.release(lease)

    def holder(self) -> Lease | None:
        """Return the lease that was given out last."""
        return self._store.holder()

    def unlock(self, lease_id: str) -> None:
        """Take a dead lease away."""
        self._store.unlock(lease_id)

    def close(self) -> None:
        """Let go of files and connections."""
        self._store.close()


def redacted(delta: StateDelta, secrets: Secrets) -> StateDelta:
    """Return a delta without our secrets; the very same where it holds none."""
    runs = (delta.run,) if delta.run else ()
    texts = _texts(delta.put, delta.open, delta.identity, runs)
    if not secrets.may_be_in("\n".join((texts, *_recorded_texts(delta.recorded)))):
        return delta
    return replace(
        delta,
        put=tuple(_entry(one, secrets) for one in delta.put),
        open=tuple(_intent(one, secrets) for one in delta.open),
        identity=delta.identity and _identity(delta.identity, secrets),
        run=delta.run and _run(delta.run, secrets),
        recorded=tuple(_recorded(one, secrets) for one in delta.recorded),
    )


def _state(state: State, secrets: Secrets) -> State:
    entries = tuple(state.entries.values())
    if not secrets.may_be_in(_texts(entries, state.intents, state.identity, state.runs)):
        return state
    made = whole(state.project, (_entry(one, secrets) for one in entries))
    return replace(
        state,
        entries=made.entries,
        index=made.index,
        intents=tuple(_intent(one, secrets) for one in state.intents),
        identity=state.identity and _identity(state.identity, secrets),
        runs=tuple(_run(one, secrets) for one in state.runs),
    )


def _texts(
    entries: Iterable[Entry],
    intents: Iterable[Intent],
    identity: PortalIdentity | None,
    runs: Iterable[Run],
) -> str:
    """Return all words in one, to be looked through at once."""
    values = [
        value
        for one in entries
        for value in _values(one.asked, one.normalised, one.unproved, one.written)
    ]
    values += [value for one in intents for value in _values(one.asked, one.sent, one.written)]
    names = (identity.portal, identity.owner) if identity else ()
    return "\n".join((*values, *names, *(text for one in runs for text in (one.by, one.ci))))


def _recorded_texts(recorded: Iterable[RecordedChange]) -> Iterable[str]:
    for one in recorded:
        yield one.title
        yield from _values(
            one.read,
            {field.name: field.before for field in one.fields},
            {field.name: field.after for field in one.fields},
        )


def _values(*all_values: Values) -> Iterable[str]:
    for values in all_values:
        for value in values.values():
            if isinstance(value, str):
                yield value
            elif isinstance(value, tuple):
                yield from map(str, value)


def _entry(entry: Entry, secrets: Secrets) -> Entry:
    asked, made, unproved = (
        _redacted(one, secrets) for one in (entry.asked, entry.normalised, entry.unproved)
    )
    written = _words(entry.written, secrets)
    return replace(entry, asked=asked, normalised=made, unproved=unproved, written=written)


def _intent(intent: Intent, secrets: Secrets) -> Intent:
    return replace(
        intent,
        asked=_redacted(intent.asked, secrets),
        sent=_redacted(intent.sent, secrets),
        written=_words(intent.written, secrets),
    )


def _run(run: Run, secrets: Secrets) -> Run:
    return replace(run, by=secrets.redact(run.by), ci=secrets.redact(run.ci))


def _recorded(one: RecordedChange, secrets: Secrets) -> RecordedChange:
    fields = tuple(
        replace(
            field,
            before=secrets.redact_value(field.before),
            after=secrets.redact_value(field.after),
        )
        for field in one.fields
    )
    return replace(
        one, title=secrets.redact(one.title), fields=fields, read=_redacted(one.read, secrets)
    )


def _identity(identity: PortalIdentity, secrets: Secrets) -> PortalIdentity:
    portal, owner = secrets.redact(identity.portal), secrets.redact(identity.owner)
    return replace(identity, portal=portal, owner=owner)


def _redacted(values: Values, secrets: Secrets) -> Values:
    return {name: secrets.redact_value(value) for name, value in values.items()}


def _words(written: Mapping[str, str], secrets: Secrets) -> Mapping[str, str]:
    return {name: secrets.redact(text) for name, text in written.items()}
