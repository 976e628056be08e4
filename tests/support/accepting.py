"""Random projects of which people change what they like: manifests in every style, and hands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from casefiles import PROJECT
from directories import GROUPS, PEOPLE, directory
from ideal import IdealWorld

from tasksync.cli.accept_selection import AcceptSelection
from tasksync.cli.accept_values import AcceptValues, accept_values
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.plan import Plan
from tasksync.core.planning.build import plan_from
from tasksync.core.planning.desired import read_desired
from tasksync.manifests.accepting.accepted import AcceptedValues, PortalFacts, accepted
from tasksync.manifests.loader import load

HEAD = f"""\
# a project of many styles
apiVersion: tasksync/v1
project: {PROJECT}
timezone: Europe/Berlin
hours: {{start: "09:00", end: "18:00"}}
people: {{it: 7, boss: anna@example.com}}   # ours
dates:
  release: 2027-10-01T10:00
  freeze: release - 10wd
"""
#: what a field may be written as in the files, and what people may set it to
WRITTEN: dict[str, tuple[str, ...]] = {
    "description": ("short", "'it''s'", '"a \\"b\\""', "null", "|\n      two\n      lines\n"),
    "status": ("pending", "3", "completed", "new"),
    "priority": ("low", "2", "normal"),
    "deadline": (
        "2027-05-19T18:00:00+02:00",
        "2027-05-19T18:00",
        "'2027-05-19 17:30'",
        "2027-06-01",
        "release - 10wd   # relative",
        "freeze at 12:00",
        "2027-05-19T16:00Z",
        "null",
    ),
    "timeEstimate": ("3600", "2h30m", "0", "90s"),
    "groupId": ("7", "HR", "null"),
    "accomplices": ("[5, 22]", "[it, boss]", "[petrova@example.com]", "[]"),
    "auditors": ("[2]", "[it, 22]", "\n      - boss   # of an item\n      - 5"),
    "tags": ("[b, a]", "[]", "[x y, 'q']"),
    "createdBy": ("5", "it"),
}
FOUND: dict[str, tuple[Value, ...]] = {
    "title": ("New", "no", "12:30", 'a "b"; c', "# x: y", "Договор", "- x", "{a}", "don't"),
    "description": ("", "other", "two\nlines\n", "a: b # c", "\ttab", " led by a blank"),
    "responsibleId": (1, 2, 5, 7, 22, 30, 40, 51),
    "status": (1, 2, 3, 4, 5, 6, 7),
    "priority": (0, 1, 2),
    "deadline": (
        None,
        "2027-05-19T18:00:00+02:00",
        "2027-06-01T18:00:00+02:00",
        "2027-10-31T02:30:00+01:00",
        "2027-12-24T08:15:30+00:00",
        "2027-03-01T12:00:00+03:00",
    ),
    "timeEstimate": (0, 60, 5400, 3601, 90000),
    "groupId": (None, 5, 7, 8, 99),
    "accomplices": ((), (5,), (2, 5, 7), (22, 40)),
    "auditors": ((), (2,), (7, 22), (5, 30)),
    "tags": ((), ("a",), ("a", "b", "new"), ("12", "no", "x y")),
    "createdBy": (1, 5, 7),
    "UF_CODE": (None, "A;1", 5, True, "no"),
    "UF_DAY": (None, "2027-05-05", "2027-05-05T10:00:00+02:00"),
    "UF_MANY": (None, (1, 2), ("D_1",), ("a", "b")),
}
FIELDS_OF_OWN = ("UF_CODE: A1", "UF_DAY: {date: release}", "UF_MANY: [2, 1]", "UF_CODE: 5")
TEMPLATES = """\
templates:
  inner:
    parameters: {what: text, size: {type: text, default: low}}
    tasks:
      check: {title: "${what}", priority: "${size}", responsibleId: 1}
  newcomer:
    parameters:
      name: text
      start: date
      until: {type: date, default: 2027-07-01}
      buddy: person
      team: {type: people, default: [4, 5]}
      words: {type: tags, default: [hr]}
      prio: {type: text, default: low}
    tasks:
      welcome:
        title: Welcome ${name}
        responsibleId: ${buddy}
        deadline: ${start} at 10:00
        auditors: ${team}
      desk:
        title: ${name}   # alone
        priority: ${prio}
        deadline: ${until}
        parent: welcome
        tags: ${words}
        status: pending
        responsibleId: 1
    use:
      - {template: inner, key: extra, with: {what: "${name} again", size: "${prio}"}}
"""
USES = (
    "  - {template: newcomer, forEach: rows.csv}   # rows\n",
    """\
  - template: newcomer
    key: zoe
    with: {name: Zoe, start: 2027-08-01, buddy: it, words: [x]}
""",
    """\
  - template: newcomer
    with:
      buddy: boss
    forEach:
      - {key: k1, name: 'K 1', start: freeze}
      - key: k2   # second
        name: K2
        start: 2027-06-05
        prio: high
""",
)
ROWS = (
    ("anna", '"Anna, A."', "2027-06-01", "5", "2027-06-09", "2;7"),
    ("bob", "Bob", "release", "it", "", "boss"),
    ("ceci", ' "C ""C"""', "2027-06-03", "petrova@example.com", "freeze + 1d", ""),
)


@dataclass
class People:
    """A project on an ideal portal, after the first apply."""

    folder: Path
    world: IdealWorld
    random: Random

    @property
    def file(self) -> Path:
        return self.folder / "m.yaml"

    def plan(self, instead: dict[str, bytes] | None = None) -> Plan:
        """Return the plan of what stands in the files."""
        manifest = load([str(self.file)], instead)
        state = self.world.state
        wanted = read_desired(manifest.tasks(state.index, directory()), state)
        return plan_from(manifest, wanted, state, self.world.tasks)

    @property
    def ids(self) -> dict[TaskKey, RemoteId]:
        return {key: entry.id for key, entry in self.world.entries.items()}

    def act(self, times: int) -> None:
        """Have people change what they like."""
        for _ in range(times):
            key = self.random.choice(sorted(self.world.entries))
            live = self.world.live[self.world.entries[key].id]
            asked = self.world.entries[key].asked
            name = self.random.choice([*asked])
            value: Value
            if name == "parentId":
                value = self.random.choice([None, 12345, *self.ids.values()])
            elif name in FOUND:
                value = self.random.choice(FOUND[name])
            else:
                continue
            self.world.change(live.id, name, value)

    def edit(self) -> None:
        """Have somebody edit the manifest meanwhile: other titles, and one task more."""
        text = self.file.read_text("utf-8").replace("title: A b", "title: A c")
        self.file.write_text(f"{text}  later: {{title: Later}}\n", "utf-8", newline="")

    def choose(self, selection: AcceptSelection, plan: Plan) -> AcceptValues:
        """Return what a selection takes over."""
        return accept_values(selection, plan, self.world.live, self.ids)

    def accept(self, chosen: AcceptValues) -> AcceptedValues:
        """Make the edits in memory."""
        alone = {2: "anna@example.com", 5: "Clara@Example.com", 22: "petrova@example.com"}
        known = alone | {51: "kim@example.com", 40: PEOPLE[4].email}
        facts = PortalFacts(directory(), lambda: known, lambda: GROUPS, self.ids)
        return accepted([str(self.file)], chosen.values, facts)


def project(folder: Path, random: Random) -> People:
    """Write a random manifest with its rows, and apply it."""
    (folder / "m.yaml").write_text(_manifest(random), "utf-8", newline="")
    (folder / "rows.csv").write_bytes(_rows(random))
    made = People(folder, IdealWorld(), random)
    made.world.apply(made.plan())
    assert not made.plan()
    return made


def _manifest(random: Random) -> str:
    lines = [HEAD, "defaults:\n  responsibleId: ", random.choice(("1", "it", "boss")), "\n"]
    for name in random.sample(sorted(WRITTEN), random.randrange(4)):
        written = random.choice(WRITTEN[name])
        if "\n" not in written:
            lines.append(f"  {name}: {written}\n")
    if random.random() < 0.3:
        lines.append(f"  fields: {{{random.choice(FIELDS_OF_OWN)}}}\n")
    if random.random() < 0.2:
        lines.append("  fieldPolicy: {status: accept, deadline: ratchet}\n")
    if random.random() < 0.7:
        lines += [TEMPLATES, _uses(random)]
    lines.append("tasks:\n")
    for number in range(random.randrange(1, 5)):
        lines.append(_task(number, random))
    return "".join(lines)


def _uses(random: Random) -> str:
    return "use:\n" + "".join(random.sample(USES, random.randrange(1, 4)))


def _task(number: int, random: Random) -> str:
    key = random.choice((f"t{number}", f"t.{number}", f"deep/t{number}"))
    lines = [f"  {key}:   # task {number}\n", f"    title: {random.choice(('A b', repr('q')))}\n"]
    lines += [
        f"    {name}: {random.choice(WRITTEN[name]).rstrip()}\n"
        for name in random.sample(sorted(WRITTEN), random.randrange(6))
    ]
    if random.random() < 0.5:
        lines.append(f"    responsibleId: {random.choice(('22', 'it', 'boss', '5'))}\n")
    if random.random() < 0.3:
        lines.append(f"    fields: {{{random.choice(FIELDS_OF_OWN)}}}\n")
    if number == 0 and random.random() < 0.3:
        lines.append(f"    parentId: {random.choice(('999', 'null'))}\n")
    return "".join(lines) + random.choice(("", "\n", "# between\n"))


def _rows(random: Random) -> bytes:
    sign, newline = random.choice(",;\t"), random.choice(("\n", "\r\n"))
    columns = ("key", "name", "start", "buddy", "until", "team")
    lines = [sign.join(columns)]
    for row in random.sample(ROWS, random.randrange(1, 4)):
        told = [cell if '"' in cell or sign not in cell else f'"{cell}"' for cell in row]
        lines.append(sign.join(told))
    text = newline.join(lines) + random.choice(("", newline))
    return random.choice((b"", b"\xef\xbb\xbf")) + text.encode()
