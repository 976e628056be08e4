"""The page of a fleet, in a real Chromium: it opens, filters, sorts, links, and runs nothing."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fleets
import pytest
from chromium import FLAGS, browser
from fleets import of

from tasksync.core.fleet_report import FleetReport
from tasksync.render.fleet_html import fleet_html

EVIL = "</script><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
#: what a test adds to the page: it acts as a person would, and writes down what it saw
PROBE = """<script>
const saw = {}, $ = (id) => document.getElementById(id);
const key = (name) => (document.activeElement || document.body).dispatchEvent(
  new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const rows = () => document.querySelectorAll("#list .project").length;
const first = () => document.querySelector("#list .project .name").textContent;
const wait = (time) => new Promise((done) => setTimeout(done, time));
const typed = async (text) => { $("q").value = text; $("q").dispatchEvent(new Event("input"));
  await wait(200); };
const choose = (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event("change")); };
const open = async (one) => { one.open = true; await wait(60); return one; };
(async () => { %s })().catch((error) => { saw.error = String(error); }).finally(() => {
  document.documentElement.dataset.saw = JSON.stringify(saw); });
</script></body>"""
Seen = dict[str, object]
Sees = Callable[..., Seen]


def page_of(report: FleetReport) -> str:
    """The page as `fleet --format html` prints it, beside the projects' own pages."""
    return fleet_html(report, version="0.1.0", link=lambda name: f"{name}.html")


@pytest.fixture(scope="module")
def chromium() -> str:
    return browser()


@pytest.fixture
def sees(chromium: str, tmp_path: Path) -> Sees:
    """Open a page, act as the script does, and return what it saw, and the DOM under `dom`."""

    def opened(page: str, script: str, *flags: str) -> Seen:
        path = tmp_path / "fleet.html"
        path.write_text(page.replace("</body>", PROBE % script), "utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [chromium, *FLAGS, "--virtual-time-budget=4000", profile, *flags]
        command += ["--dump-dom", path.as_uri()]
        done = subprocess.run(command, capture_output=True, check=True, timeout=90)
        dom = done.stdout.decode("utf-8")
        found = re.search(r'data-saw="([^"]*)"', dom)
        assert found, dom[-2000:]
        seen: Seen = json.loads(html.unescape(found.group(1)))
        assert "error" not in seen, seen
        return {**seen, "dom": dom}

    return opened


@pytest.mark.parametrize("command", ["plan", "apply", "status", "drift"])
def test_the_page_holds_everything_and_asks_nobody(command: str) -> None:
    page = page_of(fleets.hundred(command))
    assert "{{" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|fetch\(|XMLHttp""", page)
    assert page.lower().count("<script") == page.lower().count("</script>") == 2


def test_a_hundred_projects_are_folded_filtered_and_sorted(sees: Sees) -> None:
    script = """
      saw.line = $("line").textContent.slice(0, 40); saw.rows = rows(); saw.first = first();
      const others = document.querySelector(".others");
      saw.folded = others.firstElementChild.textContent;
      await open(others); saw.unfolded = rows();
      const card = document.querySelector(".card.failed"); card.click(); saw.failed = rows();
      saw.pressed = card.getAttribute("aria-pressed"); card.click();
      choose("sort", "time"); saw.slowest = first(); saw.all = rows();
      choose("sort", "changes"); saw.most = document.querySelector("#list .signs").textContent;
      await typed("globex wonka"); saw.none = document.querySelector(".empty h3").textContent;
      document.querySelector(".empty button").click();
      await typed("globex sandbox"); saw.found = rows(); saw.count = $("count").textContent;
      location.hash = "#ending=refused&sort=name"; await wait(60); saw.shared = rows();
    """
    seen = sees(page_of(fleets.hundred("plan")), script)
    assert 'data-ready="100"' in str(seen.pop("dom"))
    assert seen == {
        "line": "100 projects: 65 without changes, 25 wit",
        "rows": 35,
        "first": "acme-00",
        "folded": "65 without changes",
        "unfolded": 100,
        "failed": 4,
        "pressed": "true",
        "slowest": "acme-70",
        "all": 100,
        "most": "~1 -2 .1",
        "none": "Nothing matches",
        "found": 10,
        "count": "10 projects of 100",
        "shared": 1,
    }


def test_a_project_is_opened_and_all_is_reached_by_keys(sees: Sees) -> None:
    script = """
      await typed("globex"); key("Escape"); saw.cleared = rows();
      const plan = await open([...document.querySelectorAll("#list .something")][0]);
      saw.own = plan.querySelector(".own").textContent.slice(0, 44);
      saw.create = plan.querySelectorAll(".own .create").length;
      saw.link = plan.querySelector(".facts a").getAttribute("href");
      key("/"); saw.search = document.activeElement.id; document.activeElement.blur();
      key("ArrowDown"); key("ArrowDown"); key("ArrowUp");
      saw.at = document.activeElement === document.querySelector("#list summary");
      saw.named = [...document.querySelectorAll("button, input, select")].every((one) =>
        one.textContent.trim() || one.getAttribute("aria-label") || one.labels.length);
    """
    seen = sees(page_of(fleets.hundred("plan")), script)
    del seen["dom"]
    assert seen == {
        "cleared": 35,
        "own": "Project closing on sandbox.bitrix24.example.",
        "create": 4,
        "link": "globex-01.html",
        "search": "q",
        "at": True,
        "named": True,
    }


def test_what_is_late_anywhere_is_found_by_person_and_linked(sees: Sees) -> None:
    script = """
      const late = () => document.querySelectorAll("#late-list .task").length;
      saw.late = late(); $("more").click(); saw.more = late();
      saw.said = $("late-count").textContent;
      saw.people = document.querySelectorAll("#people-list li").length;
      $("people-more").click(); saw.all = document.querySelectorAll("#people-list li").length;
      document.querySelector("#people-list button").click(); saw.theirs = late();
      const link = document.querySelector("#late-list a.name");
      saw.link = link.href; saw.rel = link.rel;
      key("Escape"); await typed("initech"); saw.found = late();
    """
    seen = sees(page_of(fleets.hundred("status")), script)
    del seen["dom"]
    assert seen == {
        "late": 20,
        "more": 40,
        "said": "50 late tasks of 50 people in 25 projects",
        "people": 8,
        "all": 50,
        "theirs": 1,
        "link": "https://sandbox.bitrix24.example/company/personal/user/1/tasks/task/view/3871/",
        "rel": "noopener noreferrer",
        "found": 10,
    }


def test_what_people_wrote_is_text_and_never_runs(sees: Sees) -> None:
    runs = []
    for one in (row.run for row in fleets.statuses().projects):
        job = replace(one.job, project=replace(one.job.project, name=EVIL, portal=EVIL))
        evil = json.dumps(EVIL)[1:-1]
        out = one.out.replace("Prepare the report", evil).replace("Olga Petrova", evil)
        runs.append(replace(one, job=job, out=out, said=f"Error: {EVIL}"))
    report = replace(of("status", *runs), fleet=EVIL)
    script = "for (const one of document.querySelectorAll('details')) await open(one);"
    dom = str(sees(page_of(report), script)["dom"])
    assert "<title>owned" not in dom
    assert "<img" not in dom
    assert dom.count("&lt;img src=x") > 5


def test_a_page_of_one_project_is_open_and_its_cards_are_links_and_nothing_else(
    sees: Sees,
) -> None:
    report = fleets.drifts()
    drifted = next(one.run for one in report.projects if one.name == "acme")
    false = "https://evil.example/company/personal/user/1/tasks/task/view/1/"
    out = drifted.out.replace("Close the <b>books", false)
    script = """
      await wait(60); saw.open = document.querySelector(".project").open;
      saw.bar = getComputedStyle($("bar")).display;
      saw.links = [...document.querySelectorAll(".own a")].map((one) => one.href);
      saw.text = document.querySelector(".own").textContent.includes("https://evil.example/");
    """
    seen = sees(page_of(of("drift", replace(drifted, out=out))), script)
    del seen["dom"]
    card = "https://sandbox.bitrix24.example/company/personal/user/1/tasks/task/view/3871/"
    assert seen == {"open": True, "bar": "none", "links": [card], "text": True}


@pytest.mark.parametrize("command", ["apply", "status"])
def test_light_and_dark_and_a_telephone(command: str, sees: Sees) -> None:
    script = """
      const ground = () => getComputedStyle(document.body).backgroundColor;
      saw.auto = ground(); $("theme").click(); saw.light = ground();
      $("theme").click(); saw.dark = ground();
      document.body.style.width = "400px"; await open(document.querySelector(".project"));
      saw.wider = [...document.querySelectorAll("body *")].filter((one) =>
        one.getBoundingClientRect().right > 402 && !one.closest(".skip, .own")).length;
    """
    page = page_of(fleets.hundred(command))
    seen = sees(page, script, "--window-size=400,900")
    light, dark = "rgb(247, 246, 243)", "rgb(20, 20, 18)"
    assert [seen[one] for one in ("auto", "light", "dark", "wider")] == [light, light, dark, 0]


def test_of_a_very_long_report_the_beginning_stands_in_the_page() -> None:
    said = "".join(f"{number} {'no route to host ' * 90}\n" for number in range(300))
    page = page_of(of("plan", fleets.run("acme", "plan", 1, said=said)))
    assert len(page) < 600_000
    found = re.search(r"\\u2026 (\d+) lines left out here: --out DIR", page)
    assert found is not None
    assert int(found[1]) > 100
