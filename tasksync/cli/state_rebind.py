"""`tasksync state rebind`: a state bound to the new name of a portal that was renamed."""

from __future__ import annotations

from contextlib import closing

from tasksync.cli.confirmation import must_be_wanted
from tasksync.cli.options import ConfirmOptions
from tasksync.cli.wiring import Session
from tasksync.core.state import State, StateDelta
from tasksync.engine.lease import LeaseHolder
from tasksync.value_classes import replace


def rebound(parts: Session, holder: LeaseHolder, state: State, confirm: ConfirmOptions) -> int:
    """Show both names, ask, and bind the state under the lock; the portal is only asked its name.

    All else stays as it was remembered, the key's owner too: a rename changes none, and the next
    plan has to see that another one may see other tasks.
    """
    console, known = parts.console, state.identity
    with closing(parts.portal(None)) as portal:
        here = portal.identity()
    if known is None:
        console.say(f"The state is bound to no portal; the first apply binds it to {here.portal}.")
        return 0
    if known.portal == here.portal:
        console.say(f"The state is bound to {here.portal} already.")
        return 0
    unnamed = " (its host: it names no portal)" if here.portal == here.host else ""
    owner = f", where the key is of {here.owner}" if here.owner else ""
    console.say(
        f"The state of {state.project} with {len(state.index)} tasks is bound to\n"
        f"  {known.portal}\nand would be bound to\n  {here.portal}{unnamed}{owner}"
    )
    question = f"Is {here.portal} the same portal under another name?"
    must_be_wanted(confirm, parts.console, "Rebind", question, "Nothing was bound.")
    holder.commit(StateDelta(identity=replace(known, portal=here.portal)))
    console.say(
        f"Bound to {here.portal}. The portal was not touched; tasksync plan shows the rest."
    )
    return 0
