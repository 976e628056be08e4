"""A hook of mkdocs: what a page links outside of docs/ is shown in the repository.

Pictures of the examples are copied to the site.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).parents[1]
_LINK = re.compile(
    r"(?P<picture>!?)(?P<text>\[[^\]]*\])"
    r"\((?!https?:|mailto:|#)(?P<to>[^)#\s]+)(?P<at>#[^)\s]+)?\)"
)
_CODE = re.compile(r"<code>[^<]*</code>")
_PICTURES = "pictures"


def on_files(files: Files, config: Any, **_more: object) -> Files:
    """Add the pictures of the examples."""
    for path in sorted((_ROOT / "examples").rglob("*.png")):
        where = f"{_PICTURES}/{path.parent.name}-{path.name}"
        files.append(File.generated(config, where, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_more: object) -> str:
    """Return a page whose links to files beside docs/ lead to them on the forge."""
    folder = PurePosixPath(page.file.src_uri).parent
    up = "../" * len(folder.parts)

    def there(found: re.Match[str]) -> str:
        target = (_ROOT / "docs" / folder / found["to"]).resolve()
        path = target.relative_to(_ROOT).as_posix()
        if path.startswith("docs/"):
            return found[0]
        if found["picture"]:
            return f"!{found['text']}({up}{_PICTURES}/{target.parent.name}-{target.name})"
        kind = "tree" if target.is_dir() else "blob"
        address = f"{config.repo_url.rstrip('/')}/{kind}/main/{path}{found['at'] or ''}"
        return f"{found['text']}({address})"

    return _LINK.sub(there, markdown)


def on_page_content(html: str, **_more: object) -> str:
    r"""Return a page whose tables show `a|b` where GitHub wants it written as `a\|b`."""
    return _CODE.sub(lambda found: found[0].replace("\\|", "|"), html)
