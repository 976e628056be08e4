"""Every row of the report: what is measured, against what, and which goal it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import applying, heads, importing, installing, others, profiling
from benchmarks.measuring import Run, Subject, costs, peak, ratio, run, turns
from benchmarks.portals import sandbox
from benchmarks.results import Goal, Outcome
from benchmarks.scenes import Scene, Templated
from benchmarks.venvs import TASKSYNC

K = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `measure` is handed the number of pairs. `most_pairs` bounds what takes long.

    `where` says where the time goes, for a goal that is not reached.
    """

    name: str
    what: str
    measure: Callable[[int], Outcome]
    goals: tuple[Goal, ...] = ()
    most_pairs: int = 5
    where: str = ""

    @property
    def command(self) -> str:
        """What repeats this row alone."""
        return f"python -m benchmarks {self.name}"


def compared(ours: Subject, theirs: Subject, pairs: int) -> Outcome:
    """Run two programs turn by turn; the figure `ratio` is ours / theirs by wall time."""
    found = turns((ours, theirs), pairs)
    return _outcome(found, {"ratio": ratio(found[ours.name], found[theirs.name])})


def _outcome(found: dict[str, list[Run]], figures: dict[str, float]) -> Outcome:
    return Outcome(figures, costs(found))


def _cold(
    count: int, peer: Callable[[Scene], Subject], *words: str, known: bool = True
) -> Callable[[int], Outcome]:
    """Plan in a process of its own beside a peer; `known` False: the state knows no block."""

    def measure(pairs: int) -> Outcome:
        scene = Scene(count).ready()
        state = scene.state if known else scene.without_blocks()
        with sandbox(data=scene.world) as portal:
            ours = scene.plan(portal, *words, state=state)
            return compared(ours, peer(scene), pairs)

    return measure


def _octodns(scene: Scene) -> Subject:
    return others.octodns(scene.count)


def _octodns_new(pairs: int) -> Outcome:
    scene = Scene(10 * K)
    scene.folder.mkdir(parents=True, exist_ok=True)
    with sandbox() as portal:
        return compared(scene.all_new(portal), others.octodns(10 * K, new=True), pairs)


def _terraform(count: int, *, for_each: bool = False) -> Callable[[int], Outcome]:
    def measure(pairs: int) -> Outcome:
        scene = Scene(count)
        scene.folder.mkdir(parents=True, exist_ok=True)
        with sandbox() as portal:
            theirs = others.terraform(count, for_each=for_each)
            return compared(scene.all_new(portal), theirs, pairs)

    return measure


def _one_edit(pairs: int) -> Outcome:
    scene = Scene(100 * K).ready()
    edited = scene.with_one_edit()
    with sandbox(data=scene.world) as portal:
        ours = scene.plan(portal, "--no-refresh", expect="1 to change", manifest=edited)
        return compared(ours, others.bound(scene), pairs)


def _words(pairs: int) -> Outcome:
    """Plan the same tasks with expressions and e-mails, and with instants and numbers."""
    scene = Scene(10 * K).ready()
    words, known = scene.in_words(), scene.words_without_blocks()
    with sandbox() as portal:
        blind = ("--no-refresh",)
        cold = [
            scene.plan(portal, *blind, name="expressions and e-mails", state=known, manifest=words),
            scene.plan(portal, *blind, name="instants and numbers", state=scene.without_blocks()),
        ]
        found = turns(cold, pairs)
    return _outcome(found, {"ratio": ratio(*found.values())})


def _templates(*, known: bool) -> Callable[[int], Outcome]:
    """Plan tasks of a template and a CSV, and the same written out; `known` by the state or not."""

    def measure(pairs: int) -> Outcome:
        scenes = (Templated(10 * K).ready(), Templated(10 * K, written=True).ready())
        with sandbox() as portal:
            plans = [
                scene.plan(
                    portal,
                    "--no-refresh",
                    name=name,
                    state=scene.state if known else scene.without_blocks(),
                )
                for scene, name in zip(scenes, ("a template and a CSV", "written out"), strict=True)
            ]
            found = turns(plans, pairs)
        ours, theirs = found.values()
        figures = {"ratio": ratio(ours, theirs), "memory ratio": peak(ours) / peak(theirs)}
        return _outcome(found, figures)

    return measure


def _literal(pairs: int) -> Outcome:
    scene = Scene(10 * K).ready()
    with sandbox() as portal:
        ours = scene.plan(portal, "--no-refresh")
        return compared(ours, others.literal(scene), pairs)


def _literal_memory(pairs: int) -> Outcome:
    scene = Scene(100 * K).ready()
    with sandbox() as portal:
        ours = scene.plan(portal, "--no-refresh")
        found = turns((ours, others.literal(scene)), pairs)
    mine, theirs = found["tasksync"], found["literal script"]
    figures = {"memory ratio": peak(mine) / peak(theirs), "ratio": ratio(mine, theirs)}
    return _outcome(found, figures)


def _growth(pairs: int) -> Outcome:
    small, big = Scene(10 * K).ready(), Scene(100 * K).ready()
    with sandbox() as portal:
        names = [f"{scene.count} tasks" for scene in (small, big)]
        plans = [
            scene.plan(portal, "--no-refresh", name=name)
            for scene, name in zip((small, big), names, strict=True)
        ]
        found = turns(plans, pairs)
    return _outcome(found, {"ratio": ratio(found[names[1]], found[names[0]])})


def _memory(pairs: int) -> Outcome:
    scenes = Scene(10 * K).ready(), Scene(100 * K).ready()
    found: dict[str, list[Run]] = {}
    for scene in scenes:
        with sandbox(data=scene.world) as portal:
            live = scene.plan(portal, name=f"{scene.count}, live")
            blind = scene.plan(portal, "--no-refresh", name=f"{scene.count}, blind")
            found |= turns((live, blind), pairs)
    each = {
        how: (peak(found[f"{100 * K}, {how}"]) - peak(found[f"{10 * K}, {how}"])) * 1024 / 90_000
        for how in ("live", "blind")
    }
    figures = {"KB a task, live refresh": each["live"], "KB a task, --no-refresh": each["blind"]}
    return _outcome(found, figures)


def _requests(count: int) -> Callable[[int], Outcome]:
    def measure(_pairs: int) -> Outcome:
        scene = Scene(count).ready()
        with sandbox(data=scene.world) as portal:
            portal.forget()
            once, _told = run(scene.plan(portal))
            asked = portal.stats()["requests"]
        return Outcome({"requests": float(asked)}, costs({"tasksync": [once]}))

    return measure


def _looking(verb: str, *words: str, expect: str) -> Callable[[int], Outcome]:
    """Look at 10 000 tasks that are as they were applied, beside a plan of them."""

    def measure(pairs: int) -> Outcome:
        scene = Scene(10 * K).ready()
        with sandbox(data=scene.world) as portal:
            ours = scene.look(portal, verb, *words, expect=expect)
            plan = scene.plan(portal, name="tasksync plan")
            found = turns((ours, plan), pairs)
            portal.forget()
            run(ours)
            requests = float(portal.stats()["requests"])
        mine = found[ours.name]
        figures = {
            "ratio": ratio(mine, found[plan.name]),
            "requests": requests,
            "CPU s": sorted(one.cpu for one in mine)[len(mine) // 2],
        }
        return _outcome(found, figures)

    return measure


def _start(*words: str) -> Callable[[int], Outcome]:
    def measure(pairs: int) -> Outcome:
        ours = Subject("tasksync " + " ".join(words), [TASKSYNC.program("tasksync"), *words])
        bare = Subject("python -c pass", [TASKSYNC.python, "-c", "pass"])
        return compared(ours, bare, pairs * 8)

    return measure


def _sizes(pairs: int) -> Outcome:
    found: dict[str, list[Run]] = {}
    for count in (K, 10 * K, 100 * K):
        scene = Scene(count).ready()
        with sandbox(data=scene.world) as portal:
            live = scene.plan(portal, name=f"{count}: cold, live refresh")
            blind = scene.plan(portal, "--no-refresh", name=f"{count}: cold, --no-refresh")
            found |= turns((live, blind), pairs)
    return _outcome(found, {})


def _million(_pairs: int) -> Outcome:
    scene = Scene(K * K).remembered()
    with sandbox() as portal:
        once, _told = run(scene.plan(portal, "--no-refresh"))
    figures = {"us a task": once.wall, "KB a task": once.peak * 1024 / K / K}
    return Outcome(figures, costs({"tasksync": [once]}))


_NEW = (
    "where the time goes, by the CPU of whole processes on a slower machine: a bare Python takes "
    "0.02 s, requests with what it brings 0.19 s to import, a plan of one task by the sandbox in "
    "the process 0.27 s (two thirds of what it was before values were made by `value_classes`), "
    "and a thousand tasks 0.35 s more. By strace some 0.09 s of the wall time are the pace: the "
    "third request leaves 0.1 s after the second. Terraform's wall time is less than its CPU time, "
    "since it uses both cores"
)
_AT_THE_LIMITS = (
    "where the time goes: beside the 20 s of paced requests about 1.7 s until the first create "
    "leaves (start-up, reading 10 000 new tasks, planning and showing them) and 0.6 s to read "
    "10 000 tasks back as proof; on a slow moment of the machine both take up to twice as long. "
    "Between runs of this row the ratio was seen from 1.10 to 1.15"
)
_INSTALL = (
    "where the time goes, by cProfile of pip 23.2: to look at the files that the index has of the "
    "packages (rpds-py of jsonschema 5 600, orjson 5 200, jsonschema-rs 2 900, charset-normalizer "
    "of requests 2 600; cachebox of deepdiff 9, 6 300, is needed no more), and to compile files of "
    "Python, most of them ours. octoDNS needs one with many wheels, pyyaml. "
    "uv waits for the network alone"
)

ROWS: tuple[Row, ...] = (
    Row(
        "cold-plan-10k",
        "cold plan, no change, 10 000 tasks, live refresh from the sandbox over a socket "
        "/ octoDNS with local files",
        _cold(10 * K, _octodns),
        (Goal("ratio", 1 / 8, "<= 1/8"),),
    ),
    Row(
        "cold-plan-10k-no-refresh",
        "the same with `--no-refresh` / octoDNS",
        _cold(10 * K, _octodns, "--no-refresh"),
        (Goal("ratio", 1 / 12, "<= 1/12"),),
    ),
    Row(
        "all-new-1k",
        "plan, all new, 1 000 tasks / Terraform, one block per object",
        _terraform(K),
        (Goal("ratio", 1 / 10, "<= 1/10"),),
        where=_NEW,
    ),
    Row(
        "all-new-10k",
        "plan, all new, 10 000 tasks / Terraform, one block per object",
        _terraform(10 * K),
        (Goal("ratio", 1 / 30, "<= 1/30"),),
        where=_NEW,
    ),
    Row(
        "cold-plan-100k",
        "cold plan `--no-refresh`, 100 000 tasks / the bound",
        _cold(100 * K, others.bound, "--no-refresh"),
        (Goal("ratio", 9, "<= 9"),),
    ),
    Row(
        "parsed-10k",
        "cold plan, no change, 10 000 tasks of which the state knows no block (all are parsed), "
        "live refresh / octoDNS with local files",
        _cold(10 * K, _octodns, known=False),
    ),
    Row(
        "parsed-10k-no-refresh",
        "the same with `--no-refresh` / octoDNS",
        _cold(10 * K, _octodns, "--no-refresh", known=False),
    ),
    Row(
        "parsed-100k",
        "cold plan `--no-refresh`, 100 000 tasks of which the state knows no block / the bound",
        _cold(100 * K, others.bound, "--no-refresh", known=False),
        (Goal("ratio", 5, "<= 5"),),
    ),
    Row(
        "one-edit-100k",
        "cold plan `--no-refresh`, one of 100 000 tasks edited / the bound",
        _one_edit,
    ),
    Row(
        "words-10k",
        "cold plan `--no-refresh`, 10 000 tasks with date expressions and e-mails, all parsed / "
        "with instants and numbers",
        _words,
        (Goal("ratio", 1.15, "<= 1.15"),),
    ),
    Row(
        "templates-10k",
        "cold plan `--no-refresh`, 10 000 tasks of a template and a CSV, all expanded / "
        "written out",
        _templates(known=False),
        (Goal("ratio", 1.2, "<= 1.2"),),
    ),
    Row(
        "templates-known-10k",
        "the same where nothing changed, and the state knows all of them / written out",
        _templates(known=True),
        (Goal("ratio", 1.5, "<= 1.5"), Goal("memory ratio", 1.1, "<= 1.1")),
    ),
    Row(
        "literal-10k",
        "plan 10 000 tasks / the literal script (yaml.safe_load, jsonschema, DeepDiff)",
        _literal,
        (Goal("ratio", 1 / 15, "<= 1/15"),),
    ),
    Row(
        "literal-memory-100k",
        "peak memory at 100 000 tasks / the literal script's",
        _literal_memory,
        (Goal("memory ratio", 1 / 10, "<= 1/10"),),
        most_pairs=1,
        where="where the memory goes: 38 MB are Python and the libraries, the rest 0.34 KB a task "
        "(key, id, three digests, place); the same 38 MB are a tenth of what the script takes",
    ),
    Row(
        "growth",
        "t(100 000) / t(10 000), cold plan `--no-refresh`",
        _growth,
        (Goal("ratio", 11, "<= 11"),),
    ),
    Row(
        "requests-10k",
        "requests of a plan without change, 10 000 tasks, all told",
        _requests(10 * K),
        (Goal("requests", 5, "<= 5"),),
        most_pairs=1,
    ),
    Row(
        "requests-100k",
        "requests of a plan without change, 100 000 tasks, all told",
        _requests(100 * K),
        (Goal("requests", 30, "<= 30"),),
        most_pairs=1,
    ),
    Row(
        "apply-at-the-limits",
        "apply of 10 000 creates under the vendor's limits / what the limits allow",
        applying.at_the_limits,
        (
            Goal("ratio", 1.1, "<= 1.1"),
            Goal("throttled answers", 0, "0"),
            # batches of creates begin at 10, and two are in flight (design 9)
            Goal("writing requests", 206, "<= 206"),
        ),
        most_pairs=3,
        where=_AT_THE_LIMITS,
    ),
    Row(
        "durable-share",
        "the durable state's share of apply's client CPU, 10 000 creates over a socket",
        applying.durable_share,
        (Goal("share", 0.4, "<= 40 %"),),
        most_pairs=3,
    ),
    Row(
        "one-batch",
        "one batch (intents, then entries) persisted at 100 000 entries / at 1 000",
        applying.one_batch,
        (Goal("ratio", 1.5, "<= 1.5"),),
    ),
    Row(
        "import-10k",
        "import of 10 000 tasks from the sandbox over a socket / octoDNS' dump of 10 000 records "
        "of a local file",
        importing.from_the_portal,
        (
            Goal("ratio", 1, "<= 1"),
            Goal("requests", 5, "<= 5"),
            Goal("wall s", 15, "<= 15 s"),
            Goal("CPU s", 3, "<= 3 s"),
            Goal("KB a task", 3, "<= 3 KB"),
        ),
    ),
    Row(
        "adopt-at-the-limits",
        "the apply after it under the vendor's limits / what the limits allow",
        importing.adopting,
        (Goal("writing requests", 200, "<= 200"), Goal("throttled answers", 0, "0")),
        most_pairs=1,
    ),
    Row(
        "sheet-csv-10k",
        "import of a CSV of 10 000 rows",
        importing.from_a_sheet("csv"),
        (Goal("wall s", 5, "<= 5 s"),),
    ),
    Row(
        "sheet-xlsx-10k",
        "import of a sheet of 10 000 rows (XLSX)",
        importing.from_a_sheet("xlsx"),
        (Goal("wall s", 5, "<= 5 s"),),
    ),
    Row(
        "status-10k",
        "`status` of 10 000 tasks over a socket, as text / a plan of them without change",
        _looking("status", expect="10000 tasks"),
        (Goal("ratio", 1.5, "<= 1.5"), Goal("requests", 6, "<= 6"), Goal("CPU s", 3, "<= 3 s")),
    ),
    Row(
        "status-html-10k",
        "the same as a page / a plan of them without change",
        _looking("status", "--format", "html", expect="10000 tasks"),
        (Goal("ratio", 1.5, "<= 1.5"), Goal("requests", 6, "<= 6"), Goal("CPU s", 3, "<= 3 s")),
    ),
    Row(
        "drift-10k",
        "`drift` of 10 000 tasks that nobody changed, over a socket / a plan of them",
        _looking("drift", expect="No drift."),
        (Goal("ratio", 1.3, "<= 1.3"), Goal("requests", 5, "<= 5")),
    ),
    Row(
        "install",
        "installed from a bare Python, without a cache, and a first plan of 1 000 tasks",
        installing.installing,
        (
            Goal(f"pip: ratio to {installing.BEFORE}", 2 / 3, "<= 2/3"),
            Goal("pip: ratio to octoDNS", 1.0, "<= 1"),
            Goal(f"uv: ratio to {installing.BEFORE}", 2 / 3, "<= 2/3"),
            Goal("uv: ratio to octoDNS", 1.0, "<= 1"),
            Goal("packages", 22, "<= 22"),
        ),
        most_pairs=3,
        where=_INSTALL,
    ),
    Row(
        "start-plan",
        "a plan of new tasks in a new folder, `--portal sandbox:` "
        f"/ the same of {installing.BEFORE}, by CPU",
        installing.starting,
        (Goal("1 new: CPU ratio", 2 / 3, "<= 2/3"),),
        most_pairs=20,
    ),
    Row(
        "start-version",
        "`tasksync --version` / `python -c pass`",
        _start("--version"),
        (Goal("ratio", 1.6, "<= 1.6"),),
    ),
    Row(
        "start-help",
        "`tasksync --help` / `python -c pass`",
        _start("--help"),
        (Goal("ratio", 3, "<= 3"),),
    ),
    Row(
        "heads",
        "this commit / what stood before the rooms were renamed and divided "
        f"({heads.BEFORE}), 10 000 tasks",
        heads.both,
        tuple(
            Goal(f"{what}: ratio", 1.05, "<= 1.05")
            for what in ("cold-plan-10k", "parsed-10k", "apply-at-the-limits")
        ),
        most_pairs=9,
    ),
    Row(
        "memory-per-task",
        "memory per unchanged task: (peak at 100 000 - peak at 10 000) / 90 000",
        _memory,
        (
            Goal("KB a task, live refresh", 0.5, "<= 0.5 KB"),
            Goal("KB a task, --no-refresh", 0.5, "<= 0.5 KB"),
        ),
        most_pairs=3,
    ),
    Row(
        "octodns-all-new-10k",
        "plan, all new, 10 000 tasks / octoDNS with local files, all new",
        _octodns_new,
    ),
    Row(
        "for-each-100",
        "plan, all new, 100 tasks / Terraform, for_each over yamldecode",
        _terraform(100, for_each=True),
    ),
    Row(
        "for-each-300",
        "plan, all new, 300 tasks / Terraform, for_each over yamldecode (quadratic)",
        _terraform(300, for_each=True),
    ),
    Row("sizes", "cost and memory by size, plan without change", _sizes, most_pairs=3),
    Row("million", "cold plan `--no-refresh` of 1 000 000 tasks, once", _million, most_pairs=1),
    Row(
        "profile",
        "where the time of a cold plan of 10 000 tasks goes",
        profiling.profile,
        most_pairs=1,
    ),
)
BY_NAME = {row.name: row for row in ROWS}
