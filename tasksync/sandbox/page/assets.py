"""The page at `/` as one document: page.html with page.css and page.js inlined.

One document needs nothing from elsewhere, so that its Content-Security-Policy can forbid the rest.
"""

from __future__ import annotations

from functools import cache

_STYLESHEET = '<link rel="stylesheet" href="page.css">'
_SCRIPT = '<script src="page.js"></script>'


def read_asset(name: str) -> str:
    """The text of page.html, page.css or page.js, as packaged; raises FileNotFoundError."""
    from importlib.resources import files  # an archiver with it, and few look at the page

    return files("tasksync.sandbox.page").joinpath(name).read_text(encoding="utf-8")


@cache
def page_html() -> bytes:
    """The whole document; the files are read when it is first asked for."""
    text = read_asset("page.html")
    text = text.replace(_STYLESHEET, f"<style>\n{read_asset('page.css')}</style>")
    return text.replace(_SCRIPT, f"<script>\n{read_asset('page.js')}</script>").encode()
