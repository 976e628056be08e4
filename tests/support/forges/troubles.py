"""Troubles to hand to `Forge.trouble`: what can happen to one request on its way."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from support.forges.exchange import Answer, Cut, Request

GoOn = Callable[[], Answer]


def cut_before(_: Request, __: GoOn) -> NoReturn:
    """The connection ends and nothing was done."""
    raise Cut


def cut_after(_: Request, go_on: GoOn) -> NoReturn:
    """It was done, and the answer is lost."""
    go_on()
    raise Cut


def answer(
    status: int, body: Any = None, headers: dict[str, str] | None = None
) -> Callable[[Request, GoOn], Answer]:
    """This answer in the place of the forge's own; nothing is done."""
    return lambda _, __: Answer(status, body, dict(headers or {}))


def done_but(status: int, body: Any = None) -> Callable[[Request, GoOn], Answer]:
    """It is done, and something on the way says that it failed."""

    def said(_: Request, go_on: GoOn) -> Answer:
        go_on()
        return Answer(status, body)

    return said


def nth(number: int, trouble: Callable[[Request, GoOn], Answer]) -> Callable[..., Answer]:
    """The trouble for the request of that number, counted from 0; those before it go on."""
    seen = itertools.count()
    return lambda request, go_on: trouble(request, go_on) if next(seen) == number else go_on()


def echo(status: int) -> Callable[[Request, GoOn], Answer]:
    """An error that repeats the headers of the request, the token too."""
    return lambda request, _: Answer(
        status, {"message": f"not so: {dict(request.headers.items())}", "error": "echo"}
    )


def meanwhile(deed: Callable[[], object]) -> Callable[[Request, GoOn], Answer]:
    """Somebody does something just before this request is answered."""

    def said(_: Request, go_on: GoOn) -> Answer:
        deed()
        return go_on()

    return said


def afterwards(deed: Callable[[], object]) -> Callable[[Request, GoOn], Answer]:
    """Somebody does something between the answer's making and its sending."""

    def said(_: Request, go_on: GoOn) -> Answer:
        done = go_on()
        deed()
        return done

    return said


class Meeting:
    """Holds answers until so many are ready, and lets all go on; `came`: one is here."""

    def __init__(self, parties: int) -> None:
        self.came = threading.Event()
        self._barrier = threading.Barrier(parties, timeout=20)

    def __call__(self, _: Request, go_on: GoOn) -> Answer:
        done = go_on()
        self.came.set()
        self._barrier.wait()
        return done


class Held:
    """Holds one request until `go` is set; `came`: it is here, `done`: it was done."""

    def __init__(self) -> None:
        self.came, self.go, self.done = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, _: Request, go_on: GoOn) -> Answer:
        self.came.set()
        self.go.wait(20)
        said = go_on()
        self.done.set()
        return said
