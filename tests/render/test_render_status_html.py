"""The page of a status, in a real Chromium: it opens, filters, links, and runs nothing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from chromium import Browser, dom_of

from tasksync.core.fields import RemoteId
from tasksync.core.project_status import ProjectStatus, StatusQuery, project_status
from tasksync.core.state import State
from tasksync.core.task import LiveTask
from tasksync.render.status_html import status_html
from tasksync.render.status_words import Moments

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)
EVIL = "</script><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
#: what a test adds to the page: it acts as a person would, and writes down what it saw
PROBE = """<script>
const saw = {}, $ = (id) => document.getElementById(id);
const key = (name) => (document.activeElement || document.body).dispatchEvent(
  new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const rows = () => document.querySelectorAll("#list .task").length;
const typed = async (id, text) => { $(id).value = text; $(id).dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 200)); };
const choose = (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event("change")); };
(async () => { %s })().catch((error) => { saw.error = String(error); }).finally(() => {
  document.documentElement.dataset.saw = JSON.stringify(saw); });
</script></body>"""
Seen = dict[str, object]
Sees = Callable[..., Seen]


def status(count: int, title: str = "Close the books") -> ProjectStatus:
    """A project of so many tasks: one of five is late, one is done, one has no deadline."""
    days = (-3, 4, None, -10, 40)
    rows = [
        LiveTask(
            RemoteId(number + 1),
            {
                "title": f"{title} {number}",
                "responsibleId": (22, 5)[number % 2],
                "status": (2, 3, 2, 5, 4)[number % 5],
                "deadline": None
                if (day := days[number % 5]) is None
                else (NOW + timedelta(days=day, minutes=number)).isoformat(),
            },
            ("tasksync:closing",),
        )
        for number in range(count)
    ]
    found = project_status(State("closing"), rows, "acme.bitrix24.com", NOW, StatusQuery())
    return replace(found, names={22: "Olga Petrova <petrova@example.com>"})


def page_of(found: ProjectStatus) -> str:
    """The page as `status --format html` prints it."""
    return status_html(found, Moments(ZoneInfo("Europe/Berlin"), "Europe/Berlin"), version="0.1.0")


@pytest.fixture
def sees(browser: Browser, tmp_path: Path) -> Sees:
    """Open a page, act as the script does, and return what it saw, and the DOM under `dom`."""

    def opened(page: str, script: str, *flags: str) -> Seen:
        path = tmp_path / "status.html"
        path.write_text(page.replace("</body>", PROBE % script), "utf-8")
        dom = dom_of(browser, path.as_uri(), tmp_path, *flags)
        found = re.search(r'data-saw="([^"]*)"', dom)
        assert found, dom[-2000:]
        seen: Seen = json.loads(html.unescape(found.group(1)))
        assert "error" not in seen, seen
        return {**seen, "dom": dom}

    return opened


def test_the_page_holds_everything_and_asks_nobody() -> None:
    page = page_of(status(20))
    assert "{{" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|fetch\(|XMLHttp""", page)
    assert page.lower().count("<script") == page.lower().count("</script>") == 2


def test_a_person_filters_by_cards_people_status_words_and_columns(sees: Sees) -> None:
    script = """
      saw.all = rows(); saw.first = document.querySelector("#list .by").textContent;
      const late = document.querySelector('.card.late'); late.click(); saw.late = rows();
      saw.pressed = late.getAttribute("aria-pressed"); late.click();
      choose("status", "completed"); saw.done = rows(); $("clear").click();
      document.querySelector("#people-list button").click(); saw.theirs = rows();
      document.querySelector("#people-list button").click();
      await typed("q", "books 17"); saw.found = rows(); saw.count = $("count").textContent;
      await typed("q", "nowhere"); saw.none = document.querySelector(".empty h3").textContent;
      document.querySelector(".empty button").click();
      const past = document.querySelector("#chart .past");
      past.previousElementSibling.dispatchEvent(new Event("click")); saw.column = rows();
      key("Escape"); saw.cleared = rows();
      location.hash = "#stands=late&person=22"; await new Promise((done) => setTimeout(done, 60));
      saw.shared = rows();
      const link = document.querySelector("#list a.name");
      saw.link = link.href; saw.rel = link.rel;
      saw.named = [...document.querySelectorAll("button, input, select")].every((one) =>
        one.textContent.trim() || one.getAttribute("aria-label") || one.labels.length);
    """
    seen = sees(page_of(status(20)), script)
    del seen["dom"]
    assert seen == {
        "all": 20,
        "first": "late 3 d",
        "late": 4,
        "pressed": "true",
        "done": 4,
        "theirs": 10,
        "found": 2,  # the title of one, the number of another
        "count": "2 tasks of 20",
        "none": "Nothing matches",
        "column": 4,
        "cleared": 20,
        "shared": 2,
        "link": "https://acme.bitrix24.com/company/personal/user/22/tasks/task/view/1/",
        "rel": "noopener noreferrer",
        "named": True,
    }


def test_what_people_wrote_is_text_and_never_runs(sees: Sees) -> None:
    found = status(3, EVIL)
    evil = replace(found, project=EVIL, portal=EVIL, names={22: EVIL, 5: EVIL})
    dom = str(sees(page_of(evil), "saw.title = document.title;")["dom"])
    assert "<title>owned" not in dom
    assert "<img" not in dom
    assert "&lt;img src=x" in dom


def test_light_and_dark_and_a_telephone(sees: Sees) -> None:
    script = """
      const ground = () => getComputedStyle(document.body).backgroundColor;
      saw.auto = ground(); $("theme").click(); saw.light = ground();
      $("theme").click(); saw.dark = ground();
      saw.pill = getComputedStyle(document.querySelector(".pill")).backgroundColor;
      document.body.style.width = "360px"; dispatchEvent(new Event("resize"));
      await new Promise((done) => setTimeout(done, 300));
      saw.wider = [...document.querySelectorAll("body *")].filter((one) =>
        one.getBoundingClientRect().right > 362 && !one.closest(".skip, svg")).length;
    """
    seen = sees(page_of(status(20, "word " * 40)), script, "--window-size=360,900")
    light, dark = "rgb(247, 246, 243)", "rgb(20, 20, 18)"
    assert [seen[one] for one in ("auto", "light", "dark", "wider")] == [light, light, dark, 0]
    assert seen["pill"] != light
    flags = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    assert sees(page_of(status(2)), script, *flags)["auto"] == dark


def test_ten_thousand_tasks_open_at_once_and_the_keyboard_is_enough(sees: Sees) -> None:
    page = page_of(status(10_000))
    assert len(page) < 3_500_000
    script = """
      saw.rows = rows(); $("more").click(); saw.more = rows();
      key("/"); saw.search = document.activeElement.id; document.activeElement.blur();
      key("ArrowDown"); key("ArrowDown"); saw.at = document.activeElement.className;
      key("ArrowUp"); saw.first = document.activeElement === document.querySelector("#list .name");
    """
    seen = sees(page, script)
    assert 'data-ready="10000"' in str(seen.pop("dom"))
    assert seen == {"rows": 60, "more": 120, "search": "q", "at": "name", "first": True}


def test_a_project_without_tasks_says_so(sees: Sees) -> None:
    assert "<h3>No tasks</h3>" in str(sees(page_of(status(0)), "")["dom"])
