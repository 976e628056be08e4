"""The page, in a real Chromium: it opens, filters, draws, obeys the keyboard, and runs nothing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from chromium import Browser, dom_of

from tasksync.core.plan import Refusal
from tasksync.render.html import plan_html

Opens = Callable[..., str]

#: what a test adds to the page: it acts as a person would, and writes down what it saw
PROBE = """<script>
const saw = {}, $ = (id) => document.getElementById(id);
const key = (name) => (document.activeElement || document.body).dispatchEvent(
  new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const rows = () => document.querySelectorAll("#list details").length;
const typed = async (id, text) => { $(id).value = text; $(id).dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 200)); };
(async () => { %s })().catch((error) => { saw.error = String(error); }).finally(() => {
  document.documentElement.dataset.saw = JSON.stringify(saw); });
</script></body>"""


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Opens:
    """Open a page (with a fragment, and a script of the test's) and return the DOM as text."""

    def opens(page: str, *flags: str, fragment: str = "", script: str = "") -> str:
        path = tmp_path / "plan.html"
        path.write_text(page.replace("</body>", PROBE % script) if script else page, "utf-8")
        return dom_of(browser, f"{path.as_uri()}{fragment}", tmp_path, *flags)

    return opens


def saw(dom: str) -> dict[str, object]:
    """What the test's script wrote down."""
    found = re.search(r'data-saw="([^"]*)"', dom)
    assert found, dom[-2000:]
    seen: dict[str, object] = json.loads(html.unescape(found.group(1)))
    assert "error" not in seen, seen
    return seen


page_of = partial(plan_html, version="0.1.0", requests=3, seconds=2.4)


def test_the_page_holds_everything_and_asks_nobody(full):
    page = page_of(full)
    assert "{{" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|fetch\(|XMLHttp""", page)
    assert page.lower().count("<script") == page.lower().count("</script>") == 2


def test_the_page_opens_and_shows_every_change(full, opened):
    refusals = (Refusal("maxDelete", "2 of 5 would go", "--max-delete 2"),)
    dom = opened(page_of(full, refusals=refusals))
    assert 'data-ready="8"' in dom
    assert dom.count('<details class="row') == 8
    assert "Refused: " in dom
    assert "4 comments and 2 h 30 min logged would be lost" in dom
    assert "<title>quarterly-report: 2026-05-19T18:00:00+03:00" in dom


def test_what_people_wrote_is_text_and_never_runs(full, opened):
    evil = (
        "</script><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    )
    changes = tuple(replace(change, title=evil) for change in full.changes)
    plan = replace(full, levels=(changes,), project=evil, portal=evil, names=((22, evil),))
    dom = opened(page_of(plan))
    assert "<title>owned" not in dom
    assert "<img" not in dom
    assert "&lt;img src=x" in dom


def test_nothing_to_do_is_said_in_peace(none, opened):
    dom = opened(page_of(none))
    assert "<h3>No changes</h3>" in dom
    assert "The portal matches the manifest." in dom


def test_the_address_keeps_what_is_asked_for(full, opened):
    asked = {
        "#action=delete": 2,
        "#person=22": 2,
        "#field=deadline": 1,
        "#key=audit-*": 5,
        "#key=audit-*&action=delete": 2,
        "#q=close+books": 1,
        "#q=nowhere": 0,
    }
    script = f"""
      for (const asked of {json.dumps(list(asked))}) {{
        location.hash = asked; await new Promise((done) => setTimeout(done, 60));
        saw[asked] = rows();
      }}
      saw.said = document.querySelector(".empty h3").textContent;
    """
    dom = opened(page_of(full), fragment="#action=create", script=script)
    assert saw(dom) == {**asked, "said": "Nothing matches"}


def test_a_person_can_filter_by_hand(full, opened):
    script = """
      const choose = (id, value) => {
        $(id).value = value; $(id).dispatchEvent(new Event("change")); };
      choose("person", "22"); saw.person = rows();
      choose("field", "deadline"); saw.both = rows();
      document.querySelector(".empty button, #clear").click(); saw.cleared = rows();
      document.querySelector(".card.delete").click(); saw.deletes = rows();
      saw.pressed = document.querySelector(".card.delete").getAttribute("aria-pressed");
      document.querySelector(".card.delete").click();
      await typed("q", "books"); saw.found = rows(); saw.count = $("count").textContent;
      await typed("q", ""); await typed("key", "AUDIT"); saw.keys = rows();
      document.querySelector("#people-list button").click(); saw.mine = rows();
    """
    assert saw(opened(page_of(full), script=script)) == {
        "person": 2,
        "both": 1,
        "cleared": 8,
        "deletes": 2,
        "pressed": "true",
        "found": 1,
        "count": "1 change of 8",
        "keys": 5,
        "mine": 3,
    }


def test_the_keyboard_is_enough(full, opened):
    script = """
      key("/"); saw.search = document.activeElement.id;
      document.activeElement.blur();
      for (let at = 0; at < 6; at += 1) key("ArrowDown");
      saw.row = document.activeElement.querySelector(".k").textContent;
      document.activeElement.click(); await new Promise((done) => setTimeout(done, 50));
      saw.open = document.activeElement.parentElement.open;
      saw.body = document.activeElement.parentElement.querySelector("table").rows.length;
      key("ArrowUp"); saw.back = document.activeElement.querySelector(".k").textContent;
      await typed("q", "books"); key("Escape"); saw.escaped = rows();
      saw.named = [...document.querySelectorAll("button, input, select")].every((one) =>
        one.textContent.trim() || one.getAttribute("aria-label") || one.labels.length);
    """
    assert saw(opened(page_of(full), script=script)) == {
        "search": "q",
        "row": "closing",
        "open": True,
        "body": 2,
        "back": "quarterly-report",
        "escaped": 8,
        "named": True,
    }


def test_light_and_dark_follow_the_system_and_the_button(full, opened):
    script = """
      const ground = () => getComputedStyle(document.body).backgroundColor;
      saw.auto = ground(); $("theme").click(); saw.light = ground();
      $("theme").click(); saw.dark = ground(); $("theme").click(); saw.again = ground();
    """
    light, dark = "rgb(247, 246, 243)", "rgb(20, 20, 18)"
    seen = saw(opened(page_of(full), script=script))
    assert seen == {"auto": light, "light": light, "dark": dark, "again": light}
    flags = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    assert saw(opened(page_of(full), *flags, script=script))["auto"] == dark


def test_nothing_is_wider_than_a_telephone(full, opened):
    script = """
      document.body.style.width = "400px"; dispatchEvent(new Event("resize"));
      await new Promise((done) => setTimeout(done, 300));
      for (const one of document.querySelectorAll("details")) one.open = true;
      await new Promise((done) => setTimeout(done, 100));
      const all = [...document.querySelectorAll("body > *")];
      saw.wide = Math.max(...all.map((one) => one.scrollWidth));
    """
    assert saw(opened(page_of(full), script=script))["wide"] <= 400


def test_the_page_prints_every_row(huge, opened):
    script = """
      await typed("key", "team-000"); saw.before = rows();
      dispatchEvent(new Event("beforeprint")); saw.printed = rows();
    """
    assert saw(opened(page_of(huge), script=script)) == {"before": 60, "printed": 100}


def test_ten_thousand_changes_open_filter_and_draw_at_once(huge, opened):
    page = page_of(huge)
    script = """
      $("field").value = "deadline"; $("field").dispatchEvent(new Event("change"));
      saw.columns = document.querySelectorAll("#chart .hit").length > 5;
      document.querySelector("#chart .hit").dispatchEvent(new MouseEvent("click"));
      saw.fewer = rows() > 0 && $("count").textContent.includes("of 10,000");
    """
    assert saw(opened(page, script=script)) == {"columns": True, "fewer": True}
    assert len(page) < 4_000_000


def test_a_task_that_is_there_has_a_link_to_its_card(full, opened):
    script = """
      for (const one of document.querySelectorAll("#list details")) one.open = true;
      await new Promise((done) => setTimeout(done, 100));
      saw.links = [...document.querySelectorAll("#list a")].map((one) => one.href + " " + one.rel);
      saw.all = document.querySelectorAll("#list .facts").length;
    """
    seen = saw(opened(page_of(full), script=script))
    card = (
        "https://acme.bitrix24.com/company/personal/user/{}/tasks/task/view/{}/ noopener noreferrer"
    )
    there = [(1, 3871), (5, 3410), (5, 3411), (5, 3412), (5, 3414)]  # 3413 is gone, others are new
    assert sorted(seen["links"]) == sorted(card.format(*one) for one in there)
    assert seen["all"] == 8
    nowhere = replace(full, portal="javascript:alert(1)//")
    assert saw(opened(page_of(nowhere), script=script))["links"] == []


def test_like_changes_are_an_entry_that_folds_open(huge, opened):
    script = """
      const groups = () => [...document.querySelectorAll("#list > .group")];
      const named = (one) => one.querySelector(".k").textContent + ": " +
        one.querySelector(".brief").textContent;
      saw.groups = groups().map((one) => one.classList[2] + " " + named(one));
      saw.count = $("count").textContent;
      key("ArrowDown"); key("ArrowDown"); document.activeElement.click();
      await new Promise((done) => setTimeout(done, 100));
      const inside = groups()[1].querySelector(".members");
      saw.drawn = inside.querySelectorAll("details").length;
      key("ArrowDown"); saw.row = document.activeElement.querySelector(".k").textContent;
      document.activeElement.click(); await new Promise((done) => setTimeout(done, 100));
      saw.open = document.activeElement.parentElement.querySelector("table").rows.length;
      inside.querySelector(":scope > button").click();
      saw.more = inside.querySelectorAll(":scope > details").length;
      groups()[1].querySelector("summary").click();
      await new Promise((done) => setTimeout(done, 100));
      groups()[1].querySelector("summary").focus(); key("ArrowDown");
      saw.next = document.activeElement.parentElement.classList[2];
      document.querySelector(".card.delete").click(); saw.deletes = groups().map(named);
      await typed("q", "team-00003"); saw.found = [rows(), groups().length];
    """
    own = "each its own title, responsibleId, deadline"
    assert saw(opened(page_of(huge), script=script)) == {
        "groups": [
            "delete 1,000 tasks: each its own title, activity",
            "update 7,000 tasks: deadline +7 d",
            f"create 2,000 tasks: {own}",
        ],
        "count": "10,000 changes",
        "drawn": 60,
        "row": "onboarding/team-00000/contract",
        "open": 1,
        "more": 120,
        "next": "create",
        "deletes": ["1,000 tasks: each its own title, activity"],
        "found": [0, 0],
    }


def test_what_removes_tasks_comes_first_on_the_page(full, opened):
    script = (
        'saw.order = [...document.querySelectorAll("#list > details")].map((one) => one.className);'
    )
    order = ["delete", "delete", "defer", "forget", "update", "create", "create", "adopt"]
    seen = saw(opened(page_of(full), script=script))["order"]
    assert seen == [f"row {one}" for one in order]


def test_a_page_prints_the_tasks_of_its_groups(huge, opened):
    few = replace(huge, levels=(tuple(huge.changes)[:100],))
    script = """
      saw.before = document.querySelectorAll("#list details:not(.group)").length;
      dispatchEvent(new Event("beforeprint"));
      saw.printed = document.querySelectorAll("#list details:not(.group)").length;
      saw.open = [...document.querySelectorAll("#list .group")].every((one) => one.open);
    """
    assert saw(opened(page_of(few), script=script)) == {"before": 10, "printed": 100, "open": True}


def test_a_file_is_linked_to_its_commit_where_there_is_an_address(full, opened):
    script = """
      for (const one of document.querySelectorAll("#list details")) one.open = true;
      await new Promise((done) => setTimeout(done, 100));
      const all = [...document.querySelectorAll("#list a")].map((one) => one.href + " " + one.rel);
      saw.files = all.filter((one) => one.includes("finance.yaml"));
      saw.text = document.querySelector("#list .create .facts").textContent;
    """
    base = "https://github.com/acme/tasks/blob/0a0a/tasks/finance.yaml"
    there = partial(page_of, link=lambda file: base if file == "tasks/finance.yaml" else "")
    seen = saw(opened(there(full), script=script))
    assert seen["files"] == [f"{base}#L{line} noopener noreferrer" for line in (31, 38, 45)]
    assert "tasks/finance.yaml:38 ↗" in seen["text"]
    nowhere = saw(opened(page_of(full), script=script))
    assert nowhere["files"] == []
    assert "tasks/finance.yaml:38" in nowhere["text"]
