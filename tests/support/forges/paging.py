"""Pages of a list, and the Link header that leads from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Page:
    """One page and where it stands."""

    rows: list[Any]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))


def number_among(query: Mapping[str, str], name: str, otherwise: int) -> int:
    """That parameter as a number from 1 up; what is none is as if it was not sent."""
    said = query.get(name, "")
    return int(said) if said.isdecimal() and int(said) > 0 else otherwise


def cut_page(rows: Sequence[Any], number: int, size: int) -> Page:
    """That page of the rows, which is empty after the last one."""
    return Page(list(rows[(number - 1) * size : number * size]), number, size, len(rows))


def links(page: Page, address: str, query: Mapping[str, str], size_name: str) -> str:
    """The Link header, empty where there is one page only."""
    there: dict[str, int] = {}
    if page.number > 1:
        there |= {"prev": page.number - 1, "first": 1}
    if page.number < page.last:
        there |= {"next": page.number + 1, "last": page.last}
    told = {**query, size_name: str(page.size)}
    parts = [
        f'<{address}?{urlencode({**told, "page": str(number)})}>; rel="{name}"'
        for name, number in there.items()
    ]
    return ", ".join(parts)
