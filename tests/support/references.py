"""What docstrings, comments and tests name in docs/: found in a text, and held against the pages.

design 7, *Marker*     section 7 of docs/design.md, and what stands there in bold
contract 6.1, 8.4      a heading of docs/api-contract.md, or an item or row of a section
architecture 3         number 3 of a list in docs/architecture.md
seed "Create task"     a page of the seeds; also `create seed`, `seed: create task`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: how a text calls a page -> the page's file
PAGES = {"design": "design.md", "contract": "api-contract.md", "architecture": "architecture.md"}

_GAP = r"(?:\s*\n\s*#:?\s*|\s+)"  # a comment may go on in its next line
_NUMBER = r"\d+(?:\.\d+)?"
_MORE = rf"(?:-|,?{_GAP}(?:and|or|to){_GAP}|,{_GAP})"
_NAMED = rf"(?:,{_GAP}\*(?P<name>[^*\n]+)\*)?"
_SECTION = re.compile(
    rf"\b(?P<page>[Dd]esign|[Cc]ontract|[Aa]rchitecture){_GAP}"
    rf"(?P<numbers>{_NUMBER}(?:{_MORE}{_NUMBER})*)(?![\d%]){_NAMED}"
)
#: how a page names its own sections: section 7, (7, *Marker*)
_OWN = re.compile(
    rf"\bsections?\s(?P<numbers>{_NUMBER}(?:{_MORE}{_NUMBER})*)"
    rf"|\((?P<own>\d+),\s\*(?P<name>[^*\n]+)\*\)"
)
_ROUTES = r"(?:create|update|delete|get|list|search|fields|batch|aggregate)"
_SEED = re.compile(
    r"\b[Ss]eeds? \"(?P<quoted>[^\"\n]+)\""
    rf"|\b[Ss]eed:\s(?P<plain>\w+ task)\b"
    rf"|\b(?P<routes>{_ROUTES}(?:(?:,|{_GAP}and){_GAP}{_ROUTES})*){_GAP}seeds?\b"
)

_HEADING = re.compile(r"#{2,4}\s+(?:(?P<number>\d+(?:\.\d+)?)\.?\s+)?(?P<title>.+)")
_ITEM = re.compile(r"(?:\|\s*(?P<row>\d+)\s*\||(?P<item>\d+)\.\s)")
_BOLD = re.compile(r"\*\*([^*]+?)\.?\*\*")


@dataclass(frozen=True, slots=True)
class Page:
    """What can be named in one page: its numbers, its headings, and the bold words of a section."""

    numbers: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    bold: set[tuple[str, str]] = field(default_factory=set)


def page(text: str) -> Page:
    """Read a page of docs/; an item of section 8 is 8.N, of a section without number it is N."""
    found, section, fenced = Page(), "", False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = _HEADING.match(line)
        if fenced:
            continue
        if heading:
            section = heading["number"] or ""
            found.numbers.add(section)
            found.titles.add(heading["title"].casefold())
            continue
        item = _ITEM.match(line)
        if item:
            number = item["row"] or item["item"]
            found.numbers.add(f"{section}.{number}" if section else number)
        found.bold.update((section, name.casefold()) for name in _BOLD.findall(line))
    found.numbers.discard("")
    return found


def pages(folder: Path) -> dict[str, Page]:
    """Read all pages that can be named."""
    return {name: page((folder / file).read_text("utf-8")) for name, file in PAGES.items()}


def unresolved(text: str, known: dict[str, Page], own: str = "") -> Iterator[str]:
    """Yield `line: reference` of each that leads nowhere; `own` is the page that the text is."""
    for at, reference in sorted((*_sections(text, known, own), *_seeds(text, known["contract"]))):
        yield f"{text.count(chr(10), 0, at) + 1}: {reference}"


def _sections(text: str, known: dict[str, Page], own: str) -> Iterator[tuple[int, str]]:
    for found in _SECTION.finditer(text):
        name = found["page"].lower()
        yield from _missing(found, name, known[name], found["numbers"])
    if own:
        for found in _OWN.finditer(text):
            yield from _missing(found, own, known[own], found["numbers"] or found["own"])


def _missing(found: re.Match[str], name: str, there: Page, said: str) -> Iterator[tuple[int, str]]:
    numbers = re.findall(_NUMBER, said)
    for number in numbers:
        if number not in there.numbers:
            yield found.start(), f"{name} {number}"
    if found["name"] and (numbers[-1], found["name"].casefold()) not in there.bold:
        yield found.start(), f"{name} {numbers[-1]}, *{found['name']}*"


def _seeds(text: str, contract: Page) -> Iterator[tuple[int, str]]:
    for found in _SEED.finditer(text):
        named = [found["quoted"] or found["plain"]]
        if found["routes"]:
            named = [f"{route} task" for route in re.findall(_ROUTES, found["routes"])]
        for title in named:
            if title.casefold() not in contract.titles:
                yield found.start(), f"seed {title}"
