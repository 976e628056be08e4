"""Pages of what schemas describe: each key of the manifest, and each JSON format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from regions import ROOT, NoRegion, plain, table
from schema_tables import Words, sentence

from tasksync.schema_files import SCHEMAS

_FOLDER = Path("docs/reference")
#: definitions of the manifest that are told by name; the others are of fields, and told there
_OF_THE_MANIFEST = ("task", "template", "templateTask", "parameter", "use", "nestedUse")
_NAV = "          # formats, by .ci/generate\n"
_MADE = "<!-- Made by .ci/generate of schemas/{}.schema.json: describe a field there. -->\n"


def pages() -> Mapping[Path, str]:
    """Return the page of the manifest, one for each format, and the site's list of pages."""
    formats = {name: words for name, words in SCHEMAS.items() if name != "manifest"}
    made = {_FOLDER / "formats" / f"{name}.md": _format(name) for name in formats}
    made[_FOLDER / "manifest-keys.md"] = _manifest()
    made[_FOLDER / "formats.md"] = _index(formats)
    made[Path("mkdocs.yml")] = _nav(formats)
    return made


def _schema(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((ROOT / f"schemas/{name}.schema.json").read_text("utf-8"))
    return found


def _manifest() -> str:
    schema = _schema("manifest")
    told = Words(schema, "The document", _OF_THE_MANIFEST, patterns=False).sections()
    return (
        f"# Every key of the manifest\n\n{_MADE.format('manifest')}\n"
        "What each key takes and means; [the manifest](manifest.md) explains them with examples. "
        "An editor shows the same ([in an editor](../guides/in-an-editor.md)).\n\n"
        f"{told}\n"
    )


def _format(name: str) -> str:
    schema = _schema(name)
    own = tuple(dict(schema.get("$defs") or {}))  # type: ignore[call-overload]
    # of what people write it is said how to write it, of what programs read the pattern
    told = Words(schema, "The whole", own, patterns="x-mend" not in schema).sections()
    words = " ".join(sentence(plain(one)) for one in (SCHEMAS[name], str(schema["description"])))
    return (
        f"# {name}\n\n{_MADE.format(name)}\n{words} `tasksync schema {name}` prints the schema; "
        f"what is marked *always* is never left out.\n\n{told}\n"
    )


def _index(formats: Mapping[str, str]) -> str:
    rows = [(f"[{name}](formats/{name}.md)", plain(words)) for name, words in formats.items()]
    return (
        "# JSON formats\n\n"
        "<!-- Made by .ci/generate of tasksync/schema_files.py. -->\n\n"
        "What scripts read, field by field. They are public: one that goes is a new version.\n\n"
        f"{table(('format', 'is'), rows)}\n"
    )


def _nav(formats: Mapping[str, str]) -> str:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    before, _, rest = text.partition(_NAV)
    _old, end, after = rest.partition(f"{_NAV[:-1]}: end\n")
    lines = "".join(f"          - reference/formats/{name}.md\n" for name in formats)
    if not end:
        raise NoRegion("mkdocs.yml has no region of the formats")
    return f"{before}{_NAV}{lines}{end}{after}"
