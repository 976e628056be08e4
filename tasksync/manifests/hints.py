"""Words of problems: what might have been meant, and values as they are shown."""

from __future__ import annotations

from collections.abc import Iterable

#: among more candidates than this, only those that begin alike are looked at
CLOSE_LOOK = 2_000
SHOWN = 60


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?`, or nothing when no known word is close."""
    near = closest(word, known)
    return f"did you mean {near}?" if near else ""


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like this one, whatever its case and hyphens."""
    folded = {_fold(one): one for one in _candidates(word, list(known))}
    from difflib import get_close_matches  # something is wrong

    near = get_close_matches(_fold(word), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _candidates(word: str, known: list[str]) -> list[str]:
    if len(known) <= CLOSE_LOOK:
        return known
    alike = [one for one in known if one[:2] == word[:2] and abs(len(one) - len(word)) <= 2]  # noqa: PLR2004
    return alike[:CLOSE_LOOK]


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").casefold()


def shown(value: object) -> str:
    """Return a value as the manifest would hold it, cut where it is long."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            text = f'"{value}"' if value.isprintable() else ascii(value)
        case list() | dict():
            return "a list" if isinstance(value, list) else "a mapping"
        case _:
            text = str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def unquoted(word: str) -> str:
    """Return a word as `shown`, without the quotes around it."""
    text = shown(word)
    return text[1:] if len(text) == SHOWN and text.endswith("...") else text[1:-1]


def listed(words: Iterable[object]) -> str:
    """Return words with commas, the last after `or`."""
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} or {last}" if most else last
