"""What a read after a write proves."""

from __future__ import annotations

import pytest

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.proof import proof_of
from tasksync.core.task import LiveTask


def update(name, before, after, action=Action.UPDATE):
    fields = (FieldChange(name, before, after),)
    return Change(TaskKey("t"), action, Reason.EDITED, RemoteId(5), fields)


def live(name, value):
    return LiveTask(RemoteId(5), {name: value})


@pytest.mark.parametrize(
    ("name", "asked", "made"),
    [
        ("status", 1, 2),
        ("status", 5, 4),
        ("title", " Close the books ", "Close the books"),
        ("description", "a\nb\n", "a\r\nb"),
    ],
)
@pytest.mark.parametrize("action", [Action.UPDATE, Action.ADOPT])
def test_what_the_portal_is_known_to_make_of_a_value_is_turned_even_if_it_was_there(
    name, asked, made, action
):
    """A task taken over after a lost answer or a lost state, too: or it is mended for ever."""
    proof = proof_of(update(name, made, asked, action), live(name, made))
    assert proof.turned == {name: made}
    assert not proof.missing


@pytest.mark.parametrize(
    ("name", "asked", "left"),
    [("status", 5, 3), ("title", "New", "Old"), ("description", "", "Old"), ("priority", 2, 1)],
)
def test_what_is_as_it_was_before_the_write_is_missing(name, asked, left):
    proof = proof_of(update(name, left, asked), live(name, left))
    assert proof.missing == {name: left}
    assert not proof.turned


def test_what_is_as_asked_is_proved():
    assert proof_of(update("title", "Old", "New"), live("title", "New"))
