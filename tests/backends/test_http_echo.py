"""A state server that says our login again: in no word of ours it is found, whole or in part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from answering import answering

from tasksync.backends.http import HttpDocument
from tasksync.core.state import Holder, Lease
from tasksync.errors import StateError

#: one that is found in every form, and one that is too short to be looked for outside of this room
LONG, SHORT = "hunter2-Secret/99", "pw/9x"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
LEASE = Lease("ours", Holder("anna", "h", 1), NOW, NOW, 60.0, 0)


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def shelves(url: str, password: str) -> Iterator[HttpDocument]:
    """One that has the password from a variable, and one that has it in its address."""
    yield HttpDocument(url, {"TASKSYNC_HTTP_USERNAME": "bob", "TASKSYNC_HTTP_PASSWORD": password})
    yield HttpDocument(f"{url}?token={password}", {})


@pytest.mark.parametrize("at", range(3980, 4002, 3))
@pytest.mark.parametrize("form", [LONG, "".join(f"&#{ord(one)};" for one in LONG)])
def test_of_an_error_that_is_cut_no_half_of_a_password_is_left(at: int, form: str) -> None:
    """Blanks are taken out before the words are shown, so that the cut may come soon."""
    with answering(answer("403 No", b" " * at + f"{form} is no good".encode())) as url:
        for store in shelves(url, LONG):
            with pytest.raises(StateError) as met:
                store.read()
            said = str(met.value)
            assert "hunter" not in said, said
            assert "&#10" not in said, said


@pytest.mark.parametrize("password", ["Hunter2-Secret-99", "Pw-9x"])
def test_the_host_of_a_redirect_is_told_without_our_password(password: str) -> None:
    """A host is read in small letters, and is another text then."""
    for where in (f"https://{password}/x", f"https://{password}.h.example", f"//{password}:1/"):
        with answering(answer("302 Found", Location=where)) as url:
            for store in shelves(url, password):
                with pytest.raises(StateError, match="sends us on to") as met:
                    store.read()
                assert password.lower() not in str(met.value).lower()


@pytest.mark.parametrize("password", [LONG, SHORT])
def test_whose_lock_it_is_is_told_without_our_password(password: str) -> None:
    """Whatever its length: a server that mixes its words with ours says who asked."""
    body = json.dumps({"ID": "theirs", "Who": f"bob:{password}@host"}).encode()
    with answering(answer("423 Locked", body)) as url:
        for store in shelves(url, password):
            other = store.lock(LEASE)
            assert other is not None
            assert (other.id, password in other.who) == ("theirs", False)
            assert "***" in other.who
