"""A store into which nothing from outside carries our secrets."""

from __future__ import annotations

from dataclasses import replace

from memory_store import MemoryStore
from stores import HandClock, counted_ids, entry, intent, whole

from tasksync.backends.redacted_store import RedactedStore
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_json import encode_state
from tasksync.core.secrets import Secrets
from tasksync.core.state import Holder, PortalIdentity, StateDelta

SECRET = "hp/W0rd-of-ours"
QUOTED = SECRET.replace("/", "\\/")
WHO = Holder("anna", "h", 1, run_url=f"https://ci/{SECRET}")


def stores() -> tuple[MemoryStore, RedactedStore]:
    plain = MemoryStore("p", clock=HandClock(), ids=counted_ids())
    return plain, RedactedStore(plain, lambda: Secrets(frozenset([SECRET])))


def test_what_is_committed_has_lost_our_secrets_in_every_form() -> None:
    """What the portal made of a value, what came back unproved, tags, intents, names."""
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    told = replace(
        entry("a", 1, tags=("x", f"y {QUOTED}")),
        normalised={"title": f"made {SECRET}"},
        unproved={"description": f"came {QUOTED}"},
        written={"title": f"words {SECRET}"},
    )
    doubt = intent("b")
    sent = {**doubt.sent, "description": SECRET}
    doubt = replace(doubt, sent=sent, written={"title": QUOTED})
    who = PortalIdentity("p.example", f"Owner {QUOTED}")
    store.commit(StateDelta(put=(told, entry("c", 2)), open=(doubt,), identity=who), lease)
    text = compact(encode_state(plain.load()))
    assert text.count("***") == 7
    assert SECRET not in text.replace("\\", "")
    held = plain.holder()
    assert held is not None
    assert SECRET not in held.holder.run_url


def test_a_state_that_is_pushed_has_lost_them_too() -> None:
    """Digests go by what is saved."""
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    state = plain.load()
    told = replace(entry("a", 1), normalised={"title": SECRET})
    store.replace(replace(state.after(StateDelta(put=(told,)))), lease)
    now = plain.load()
    assert now.entries[told.key].normalised == {"title": "***"}
    assert whole(now)


def test_a_name_that_an_earlier_version_wrote_down_is_read_without_them() -> None:
    """Nobody commits it again."""
    plain, store = stores()
    plain.commit(StateDelta(identity=PortalIdentity("p.example", SECRET)), plain.acquire(WHO, 60))
    identity = store.load().identity
    assert identity is not None
    assert identity.owner == "***"
    assert identity.portal == "p.example"


def test_what_holds_no_secret_is_passed_on_as_it_is() -> None:
    """The very same delta: nothing is copied."""
    _plain, store = stores()
    lease = store.acquire(WHO, 60)
    delta = StateDelta(put=(entry("a", 1, tags=("x",)),), open=(intent("b"),))
    store.commit(delta, lease)
    assert store.load().entries[delta.put[0].key] is delta.put[0]
