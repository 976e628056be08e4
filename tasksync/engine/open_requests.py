"""Which answers are still awaited: a request whose last answer came is saved at once."""

from __future__ import annotations

from collections.abc import Iterable

from tasksync.core.fields import TaskKey


class Requests:
    """Which request each change is in, and how many answers of it are still awaited."""

    def __init__(self) -> None:
        self._of: dict[TaskKey, int] = {}
        self._open: list[int] = []

    def sent(self, keys: Iterable[TaskKey]) -> None:
        """Note a request; a change that was in an earlier one is awaited in this one alone."""
        number = len(self._open)
        self._open.append(0)
        for key in keys:
            self.ended(key)
            self._of[key] = number
            self._open[number] += 1

    @property
    def unanswered(self) -> tuple[TaskKey, ...]:
        """The changes whose answer has not come."""
        return tuple(self._of)

    def ended(self, key: TaskKey) -> bool:
        """Note an answer; tell whether it was the last one of its request."""
        number = self._of.pop(key, None)
        if number is None:
            return False
        self._open[number] -= 1
        return not self._open[number]
