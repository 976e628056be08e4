"""A store into which nothing from outside carries our secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from memory_store import MemoryStore
from planting import FORMS, SECRETS, planted, told
from stores import HandClock, counted_ids, entry, intent, run, whole

from tasksync.backends.redacted_store import RedactedStore
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats.history_json import encode_change
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_json import encode_run, encode_state
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.secrets import Secrets
from tasksync.core.state import Holder, PortalIdentity, StateDelta

SECRET = "hp/W0rd-of-ours"
QUOTED = SECRET.replace("/", "\\/")
WHO = Holder("anna", "h", 1, run_url=f"https://ci/{SECRET}")


@pytest.fixture(params=[SECRET, QUOTED, quote(SECRET, safe="")], ids=["plain", "JSON", "URL"])
def turn_of(request: pytest.FixtureRequest) -> str:
    """The secret as something from outside quotes it."""
    return str(request.param)


def stores() -> tuple[MemoryStore, RedactedStore]:
    plain = MemoryStore("p", clock=HandClock(), ids=counted_ids())
    return plain, RedactedStore(plain, lambda: Secrets(frozenset([SECRET])))


def test_what_is_committed_has_lost_our_secrets_in_every_form() -> None:
    """What the portal made of a value, what came back unproved, tags, intents, names."""
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    said = replace(
        entry("a", 1, tags=("x", f"y {QUOTED}")),
        normalised={"title": f"made {SECRET}"},
        unproved={"description": f"came {QUOTED}"},
        written={"title": f"words {SECRET}"},
    )
    doubt = intent("b")
    sent = {**doubt.sent, "description": SECRET}
    doubt = replace(doubt, sent=sent, written={"title": QUOTED})
    who = PortalIdentity("p.example", f"Owner {QUOTED}")
    store.commit(StateDelta(put=(said, entry("c", 2)), open=(doubt,), identity=who), lease)
    text = compact(encode_state(plain.load()))
    assert text.count("***") == 7
    assert SECRET not in text.replace("\\", "")
    held = plain.holder()
    assert held is not None
    assert SECRET not in held.holder.run_url


def test_what_is_recorded_and_who_ran_it_has_lost_them_in_every_form(turn_of: str) -> None:
    """Titles, values of before and after, what was read before a delete; user, host, CI."""
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    one = RecordedChange(
        "r", TaskKey("a"), "delete", RemoteId(7), f"title {turn_of}",
        (
            RecordedField("title", f"was {turn_of}", f"is {turn_of}"),
            RecordedField("tags", ("x", f"y {turn_of}"), None),
            RecordedField("UF_NOTE", turn_of, ("a", turn_of)),
        ),
        {"description": f"read {turn_of}", "responsibleId": 7, "tags": (turn_of,)},
    )  # fmt: skip
    harmless = replace(one, key=TaskKey("b"), title="b", fields=(), read={"title": "b"})
    who = run("r", by=f"bob@{turn_of}", ci=f"https://ci.example/{turn_of}/1")
    store.commit(StateDelta(run=who, recorded=(one, harmless)), lease)
    kept = store.recorded("r")
    assert kept is not None
    text = compact([encode_change(one) for one in kept])
    assert text.count("***") == 8
    assert kept[0].read["responsibleId"] == 7
    assert kept[1] == harmless
    made = compact(encode_run(plain.load().runs[0]))
    assert '"by":"bob@***"' in made
    assert "***" in made.partition('"ci":')[2]
    for said in (text, made):
        assert SECRET not in unquote(said.replace("\\", ""))


@pytest.mark.parametrize("turn", range(len(FORMS)))
def test_what_is_recorded_tells_no_secret_however_it_was_quoted(turn: int) -> None:
    """Every secret of a run, in every form that what it wrote down may quote it in."""
    plain = MemoryStore("p", clock=HandClock(), ids=counted_ids())
    store = RedactedStore(plain, lambda: Secrets(frozenset(SECRETS.values())))
    words = json.loads(f'"{planted(turn)}"')
    field = RecordedField("description", f"was {words}", words)
    one = RecordedChange(
        "r", TaskKey("a"), "delete", RemoteId(7), words, (field,), {"tags": (words,)}
    )  # fmt: skip
    assert told(compact(encode_change(one)))
    lease = store.acquire(WHO, 60)
    store.commit(StateDelta(recorded=(one,)), lease)
    store.commit(StateDelta(run=run("r", by=words)), lease)
    (kept,) = plain.recorded("r") or ()
    assert not told(compact(encode_change(kept)))
    assert not told(compact(encode_run(plain.load().runs[0])))


def test_who_ran_what_is_pushed_without_them() -> None:
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    store.replace(replace(plain.load(), runs=(run("r", by=f"bob@{SECRET}"),)), lease)
    assert plain.load().runs[0].by == "bob@***"


def test_the_address_of_a_run_is_held_without_its_tokens() -> None:
    """Also of a secret that this run does not know."""
    plain, store = stores()
    address = "https://ci.example/job/7?token=s3cr3t"
    store.commit(StateDelta(run=run("r", ci=address)), store.acquire(WHO, 60))
    assert plain.load().runs[0].ci == "https://ci.example/job/7?token=***"


def test_a_state_that_is_pushed_has_lost_them_too() -> None:
    """Digests go by what is saved."""
    plain, store = stores()
    lease = store.acquire(WHO, 60)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    state = plain.load()
    said = replace(entry("a", 1), normalised={"title": SECRET})
    store.replace(replace(state.after(StateDelta(put=(said,)))), lease)
    now = plain.load()
    assert now.entries[said.key].normalised == {"title": "***"}
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
