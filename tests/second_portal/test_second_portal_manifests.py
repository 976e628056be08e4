"""Broken manifests by a nasty author: exit 1, all faults in one run, nothing asked for."""

from __future__ import annotations

import re
import time

import pytest

HEAD = "apiVersion: tasksync/v1\nproject: exam\n"
TASKS = HEAD + "defaults: {responsibleId: 1}\ntasks:\n"  # the first task stands in line 5
ZONED = HEAD + "timezone: {}\ndefaults: {{responsibleId: 1}}\ntasks:\n"
LINE = re.compile(r"(\S+?):(\d+):(\d+): .+ \(.+\)")

#: what stands in one task beside its title, each wrong by itself
FIELDS = r"""
responsibleId: 0
responsibleId: -1
responsibleId: 1.0
responsibleId: true
responsibleId: '1'
responsibleId: 0x1F
responsibleId: 99999999999999999999
responsibleId: .inf
responsibleId: 1e3
responsibleId: [1]
responsibleId: null
responsableId: 1
responsible_id: 1
status: 0
status: 8
status: done
status: 2.0
status: Completed
status: null
priority: 3
priority: -1
priority: on
deadline: 2026-05-19
deadline: 2026-05-19T18:00
deadline: 2026-02-30T18:00:00+03:00
deadline: tomorrow
deadline: 1747666800
deadline: ''
deadline: 2026-05-19T18:00:00+25:00
deadline: 2026-W20-1T10:00:00Z
deadline: 20260519T180000Z
deadline: 12:30
dead_line: 2026-05-19T18:00:00Z
startDatePlan: 2026-05-19T18:00:00+03:00, endDatePlan: 2026-05-19T16:00:00+02:00
timeEstimate: -1
timeEstimate: 60.0
timeEstimate: 2h30
timeEstimate: 1:30
timeEstimate: true
groupId: -1
groupId: 1.5
parent: nobody
parent: a
parent: 5
parentId: nobody
parentId: 5, parent: null
accomplices: 5
accomplices: [0]
auditors: [true]
auditors: ['5']
auditors: {a: 1}
tags: x
tags: ['a,b']
tags: ['tasksync:exam']
tags: [' TaskSync:exam']
tags: ['']
tags: [1.0]
tags: [null]
createdBy: null
id: 5
closedDate: null
dateStart: 2026-05-19T18:00:00Z
UF_CRM_TASK: x
protect: yes
onRemove: keep
ignoreChanges: title
ignoreChanges: [nope]
adopt: 5
description: 12
description: "a\x07b"
description: !!str 12
title: B
"titl\x65": B
"""

#: whole manifests -> the lines at fault (None: any)
WHOLE = {
    "tab": (TASKS + "\ta: {title: A}\n", [5]),
    "title is a number": (TASKS + "  a: {title: 12}\n", [5]),
    "title is null": (TASKS + "  a: {title: null}\n", [5]),
    "title is blank": (TASKS + '  a: {title: "\u00a0"}\n', [5]),
    "title of 251": (TASKS + f"  a: {{title: {'x' * 251}}}\n", [5]),
    "title of 251 faces": (TASKS + f'  a: {{title: "{"😀" * 251}"}}\n', [5]),
    "byte order mark inside": (TASKS + "  a:\n    title: A\n    \ufefftags: [x]\n", [7]),
    "zero byte": (TASKS + '  a: {title: "A\x00B"}\n', [5]),
    "half a character": (TASKS + '  a: {title: "A\\ud800B"}\n', [5]),
    "nothing": ("", [1]),
    "null": ("null\n", [1]),
    "text": ("hello\n", [1]),
    "list": ("- a\n", [1]),
    "two empty documents": ("---\n---\n", [2, 3]),
    "no version": ("project: exam\ntasks: {}\n", [1]),
    "another version": ("apiVersion: tasksync/v2\nproject: exam\ntasks: {}\n", [1]),
    "tasks null": (HEAD + "tasks:\n", [3]),
    "tasks a list": (HEAD + "tasks:\n  - title: A\n", [4]),
    "task null": (TASKS + "  a:\n", [5]),
    "task a list": (TASKS + "  a: [1]\n", [5]),
    "key a number": (TASKS + "  12: {title: A}\n", [5]),
    "key null": (TASKS + "  ~: {title: A}\n", [5]),
    "key a list": (TASKS + "  ? [a, b]\n  : {title: A}\n", [5]),
    "key with dots": (TASKS + "  a/../b: {title: A}\n", [5]),
    "key too long": (TASKS + f"  {'k' * 201}: {{title: A}}\n", [5]),
    "task twice": (TASKS + "  a: {title: A}\n  a: {title: B}\n", [6]),
    "project twice": (HEAD + "project: exam\ntasks: {}\n", [3]),
    "two projects": (TASKS + "  a: {title: A}\n---\n" + HEAD + "tasks: {}\n", [8]),
    "bad project": ("apiVersion: tasksync/v1\nproject: Exam_1\ntasks: {}\n", [2]),
    "project with a line break": (
        'apiVersion: tasksync/v1\nproject: "exam\\n"\ntasks: {}\n',
        [2],
    ),
    "kind": (HEAD + "kind: Tasks\ntasks: {}\n", [3]),
    "task for tasks": (HEAD + "task:\n  a: {title: A}\n", [1, 3]),
    "nobody is responsible": (HEAD + "tasks:\n  a: {title: A}\n  b: {title: B}\n", [4, 5]),
    "circle": (TASKS + "  a: {title: A, parent: b}\n  b: {title: B, parent: a}\n", [5]),
    "two circles": (
        TASKS + "".join(f"  {a}: {{title: T, parent: {b}}}\n" for a, b in ("ab", "ba", "cd", "dc")),
        [5, 7],
    ),
    "policy": (
        HEAD + "policy: {maxDelete: 130%, maxUpdate: -1, onRemove: drop, marker: off, foo: 1}\n"
        "tasks: {}\n",
        [3] * 5,
    ),
    "zone": (ZONED.format("Europe/Berln") + "  a: {title: A}\n", [3]),
    "zone that climbs": (ZONED.format("../../etc/passwd") + "  a: {title: A}\n", [3]),
    "zone that is an offset": (ZONED.format("+03:00") + "  a: {title: A}\n", [3]),
    "skipped and repeated hours": (
        ZONED.format("Europe/Berlin")
        + "  a: {title: A, deadline: 2026-03-29T02:30}\n"
        + "  b: {title: B, deadline: 2026-10-25T02:30}\n"
        + "  c: {title: C, deadline: 2026-03-29T03:00}\n",
        [6, 7],
    ),
    "bracket": (TASKS + "  a: {title: A\n", None),
    "colon": (TASKS + "  a: {title: A: B}\n", [5]),
    "at": (TASKS + "  a:\n    title: @home\n", [6]),
    "alias to nothing": (TASKS + "  a:\n    title: *bold*\n", [6]),
    "python": (TASKS + "  a: {title: !!python/object/apply:os.system [ls]}\n", [5]),
    "deep": (HEAD + "tasks: " + "[" * 5000 + "]" * 5000 + "\n", [3]),
    "bomb": (
        HEAD
        + "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n"
            for n in range(9)
        ),
        None,
    ),
}
FILES = {
    "one key in two files": {
        "a.yaml": TASKS + "  x: {title: X}\n",
        "b.yml": "apiVersion: tasksync/v1\ntasks:\n  x: {title: Y, responsibleId: 1}\n",
    },
    "a fault in each file": {
        "a.yaml": TASKS + "  x: {titel: X, title: X}\n",
        "b.yaml": "apiVersion: tasksync/v1\ntasks:\n  y: {title: Y, status: 9}\n",
        "c.yaml": "tasks:\n  z: {title: Z, responsibleId: 1}\n",
        "d.yaml": "apiVersion: tasksync/v1\ntasks: [\n",
    },
    "latin": {"a.yaml": (TASKS + "  a: {title: Prüfung}\n").encode("latin-1")},
    "sixteen bits": {"a.yaml": (TASKS + "  a: {title: A}\n").encode("utf-16")},
    "no manifest": {"a.json": "{}"},
}


def said(driver, *words):
    """Validate, and hold the answer to what every refusal must be; gives the lines at fault."""
    began = time.monotonic()
    refused = driver.run("validate", *words)
    assert time.monotonic() - began < 10
    assert (refused.code, refused.out) == (1, ""), refused
    *problems, last = refused.err.splitlines()
    assert last == f"{len(problems)} problem{'s' * (len(problems) != 1)} in the manifest."
    planned = driver.run("plan", *words)
    assert (planned.code, planned.out, planned.err) == (1, "", refused.err)
    assert driver.portal.requests == []
    return problems


def lines_of(problems):
    """Give the line of each problem; each must have its place and how to mend it."""
    assert all(LINE.fullmatch(one) for one in problems), problems
    return sorted(int(LINE.fullmatch(one)[2]) for one in problems)


def test_every_wrong_field_is_told_at_its_own_line_and_all_in_one_run(world):
    """Two of them clash with the title of their task; one is wrong only for its task."""
    driver = world()
    bodies = [one for one in FIELDS.strip().splitlines() if one != "parentId: 5, parent: null"]
    keys = ["a" if one == "parent: a" else f"t{n}" for n, one in enumerate(bodies)]
    tasks = (f"  {key}: {{title: T, {one}}}\n" for key, one in zip(keys, bodies, strict=True))
    driver.write(TASKS + "".join(tasks))
    lines = lines_of(said(driver, "-f", "tasksync.yaml"))
    assert sorted(set(lines)) == list(range(5, 5 + len(bodies)))
    assert len(lines) == len(bodies)


@pytest.mark.parametrize("name", WHOLE)
def test_a_broken_manifest_names_its_lines(world, name):
    text, lines = WHOLE[name]
    driver = world()
    (driver.folder / "tasksync.yaml").write_text(text, encoding="utf-8")
    found = lines_of(said(driver, "-f", "tasksync.yaml"))
    assert found
    assert lines is None or found == lines


@pytest.mark.parametrize("name", FILES)
def test_a_broken_folder_names_each_file(world, name):
    driver = world()
    folder = driver.folder / "many"
    folder.mkdir()
    for file, text in FILES[name].items():
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = said(driver, "-f", str(folder))
    assert len(problems) == (4 if "each" in name else 1)
