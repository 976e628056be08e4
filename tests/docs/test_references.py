"""What docstrings, comments, tests and pages name in docs/ is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from references import PAGES, Page, pages, unresolved

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("tasksync", "tests", "docs", "benchmarks", "examples", ".github")
TEXTS = {".py", ".md", ".yaml", ".yml"}
#: what lies beside a checkout on one machine and nowhere else
_OUTSIDE = re.compile(r"\.\./shared|(?<![\w.])/w[o]rk/")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")

#: an address within a page of ours, with or without the page
_HEADING_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """Return what GitHub makes of a page's headings; a second one of the same words is numbered."""
    found: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"(?m)^#{1,6} (.+)$", re.sub(r"(?ms)^```.*?^```", "", page)):
        name = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        made.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return made


def texts() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.md"))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = {"__pycache__", ".work"} & set(path.parts)
            if path.suffix in TEXTS and not hidden and path.is_file():
                yield path


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def known() -> dict[str, Page]:
    return pages(DOCS)


def test_every_section_that_is_named_is_there(known: dict[str, Page]) -> None:
    own = {DOCS / file: name for name, file in PAGES.items()}
    wrong = [
        f"{path.relative_to(ROOT)}:{one}"
        for path in texts()
        for one in unresolved(read(path), known, own.get(path, ""))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("page", "reference"),
    [
        ("design", "@ 19"),
        ("design", "@ 0"),
        ("design", "@ 5 and 77"),
        ("design", "@ 5, 6 and 77"),
        ("design", "@ 7, *Nothing of that name*"),
        ("design", "as @\n#: 99 says"),
        ("contract", "@ 2.12"),
        ("contract", "@ 8.13"),
        ("contract", "@ 8.1-8.14"),
        ("contract", "api-@ 13.19"),
        ("contract", "@ 3 and 14.19"),
        ("architecture", "@ 16"),
        ("seed", '@ "List tasks"'),
        ("seed", "@: archive task"),
        ("seed", "search @"),
        ("seed", "create and get @s"),
    ],
)
def test_a_reference_that_leads_nowhere_is_found(
    page: str, reference: str, known: dict[str, Page]
) -> None:
    """Each is wrong in one thing; the text around it does not hide it."""
    text = f"first line\n(seen there, {reference.replace('@', page)}; and more).\n"
    (found,) = unresolved(text, known)
    assert found.startswith("2: ")


@pytest.mark.parametrize(
    "reference",
    [
        "design 7",
        "Design 5, 7 and 9",
        "design 7, *Gone or hidden*",
        "design 5 and 12",
        "contract 2.1 and 2.3",
        "contract 8.1-8.4",
        "api-contract 14.17",
        "contract 13.16",
        "contract\n    #: 6.1",
        "architecture 15",
        'seed "Create task"',
        "seed: update task",
        "create and update seeds",
        "the seeds",
        "by design",
        "the contract of 3 stores",
        "delete 5 seedlings",
    ],
)
def test_a_reference_that_leads_somewhere_is_not(reference: str, known: dict[str, Page]) -> None:
    assert list(unresolved(f"(see {reference}.)", known)) == []


def test_a_page_that_names_its_own_sections_is_looked_at_too(known: dict[str, Page]) -> None:
    text = "as section 8 says, and section 42; (7, *Marker*) and (7, *Maker*)"
    assert list(unresolved(text, known)) == []
    own = "design"
    assert list(unresolved(text, known, own)) == [f"1: {own} 42", f"1: {own} 7, *Maker*"]


def test_nothing_names_what_lies_outside_the_repository() -> None:
    assert [str(path) for path in texts() if _OUTSIDE.search(read(path))] == []


def test_every_file_that_a_page_links_exists() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in texts()
        if path.suffix == ".md"
        for link in _LINK.findall(read(path))
        if not (path.parent / link).exists()
    ]
    assert wrong == []


def test_every_heading_that_a_page_links_exists() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {link}#{name}"
        for path in texts()
        if path.suffix == ".md"
        for link, name in _HEADING_LINK.findall(read(path))
        if name not in anchors(read(path.parent / link if link else path))
    ]
    assert wrong == []


def test_anchors_are_those_that_github_makes() -> None:
    page = "# What to *set*, `now`\n## GitHub: without a server\n## Twice\n## Twice\n"
    page += "```sh\n# no heading\n```\n"
    assert anchors(page) == {"what-to-set-now", "github-without-a-server", "twice", "twice-1"}
