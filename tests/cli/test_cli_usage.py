"""Wrong calls end in words and 64, missing keys in 7, and nothing is written by either."""

from __future__ import annotations

import socket
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.cli.arguments import seconds
from tasksync.cli.wrong_calls import distance

MANIFEST = """\
apiVersion: tasksync/v1
project: usage
defaults: {responsibleId: 1}
tasks:
  a: {title: First}
  b: {title: Second, parent: a}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    made = Tasksync(tmp_path)
    made.manifest(MANIFEST)
    return made


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "--nonsense"], "--nonsense"),
        (["plan", "--no-cache"], "--no-cache is no flag any more"),
        (["nonsense"], "nonsense"),
        (["plan", "--format", "xml"], "xml"),
        (["plan", "--parallelism", "0"], "no whole number"),
        (["apply", "--lock-timeout", "soon"], "no duration"),
        (["apply", "--max-delete", "200%"], "no limit"),
        (["apply", "a.json", "--resume", "b.json"], "Give one of them"),
        (["apply", "a.json", "--target", "x"], "belong to plan"),
        (["state"], "needs a verb"),
        (["sandbox", "--port", "70000"], "no port"),
    ],
)
def test_a_wrong_call_is_usage(tasksync: Tasksync, words: list[str], told: str) -> None:
    done = tasksync(*words)
    assert (done.code, done.out) == (64, "")
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["aply"], "Did you mean apply?"),
        (["history", "3f2a9c1b"], "Did you mean show 3f2a9c1b?"),
        (["history", "shwo"], "Did you mean show?"),
        (["plan", "--ouput", "x"], "Did you mean --out?"),
        (["apply", "--parallelsim=3"], "Did you mean --parallelism?"),
        (["plan", "tasksync.yaml"], "Did you mean -f tasksync.yaml?"),
        (["apply", "x.yaml"], "Did you mean -f x.yaml?"),
        (["plan", "."], "Did you mean -f .?"),
        (["state", "lst"], "Did you mean list?"),
        (
            ["state", "list", "--settle", "1"],
            "--settle belongs to tasksync state rebuild, tasksync state rebind.",
        ),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    tasksync: Tasksync, words: list[str], meant: str
) -> None:
    done = tasksync(*words)
    assert (done.code, done.out) == (64, "")
    assert meant in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["state", "list", "--portal", "x"], "--portal belongs to tasksync state rebuild"),
        (["plan", "--yes"], "--yes belongs to tasksync apply"),
        (
            ["apply", "--out", "x"],
            "--out belongs to tasksync plan, tasksync undo, ",
        ),
        (["apply", "--format", "json"], "--format belongs to tasksync plan"),
        (["version", "--json"], "--json belongs to tasksync plan"),
        (
            ["whoami", "-f", "x"],
            "tasksync history, tasksync undo, tasksync import, tasksync state. See",
        ),
        (["-f", "m.yaml", "plan"], "-f stands before the command"),
        (["--yes", "apply"], "Write it behind: tasksync apply --yes"),
        (["state", "--project", "fin", "list"], "Write it behind: tasksync state list --project"),
        (["plan", "p.json"], "tasksync apply p.json"),
        (["plan", "--api-key", "x"], "set TASKSYNC_API_KEY"),
        (["plan", "--dangerous-all"], "Did you mean --dangerous-allow-empty?"),
        (["apply", "--delete-active"], "Did you mean --dangerous-delete-active?"),
        (["plan", "--format", "JSON"], "Did you mean json?"),
        (["plan", "\u2014out", "x"], "Did you mean --out?"),
        (["state", "delete", "x"], "Did you mean rm?"),
        (["unlock", "x"], "Did you mean state unlock?"),
        (["destroy"], "Did you mean apply --destroy?"),
        (["plan", "--out"], "--out needs a value."),
        (["plan", "--no-refresh=maybe"], "--no-refresh takes no value."),
        (["state", "mv"], "tasksync state mv needs KEY and NEW_KEY."),
        (["plan", "--json", "--format", "markdown"], "not allowed with"),
        (["plan", "--timeout", "0"], "no time at all"),
        (["state", "list", "--project", "../../x"], "is no project"),
        (["sandbox", "--port", "x"], "is no port"),
        (["plan", "a\nb"], '"a\\nb"'),
    ],
)
def test_a_wrong_call_says_where_it_belongs(
    tasksync: Tasksync, words: list[str], told: str
) -> None:
    done = tasksync(*words)
    assert (done.code, done.out) == (64, "")
    assert told in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["apply", "p.json", "p.json"],
        ["plan", "--nonsense"],
        ["plan", "-"],
        ["plan", "plan"],
        ["state", "unlock", "x", "y"],
        ["show", "a", "b"],
        ["whoami", "--format", "yaml"],
        ["plan", "--portal", "sandbox:", "--portl", "x"],
        ["init"],
    ],
)
def test_nothing_is_suggested_that_is_not_near_or_does_not_fit(
    tasksync: Tasksync, words: list[str]
) -> None:
    done = tasksync(*words)
    assert (done.code, done.out) == (64, "")
    assert "Did you mean" not in done.err


@pytest.mark.parametrize(
    ("words", "prog"),
    [
        (["plan", "--nonsense"], "tasksync plan"),
        (["apply", "a", "b"], "tasksync apply"),
        (["state", "show", "a", "b"], "tasksync state show"),
        (["state", "nonsense"], "tasksync state"),
        (["version", "extra"], "tasksync version"),
        (["--nonsense"], "tasksync"),
    ],
)
def test_the_help_that_is_named_is_that_of_the_command(
    tasksync: Tasksync, words: list[str], prog: str
) -> None:
    assert f"See {prog} --help." in tasksync(*words).err


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--state", ""],
        ["plan", "--portal", " "],
        ["plan", "-f", ""],
        ["plan", "--out", ""],
        ["apply", "--resume", ""],
        ["sandbox", "--data", ""],
    ],
)
def test_an_empty_value_is_a_script_whose_variable_is_not_set(
    tasksync: Tasksync, words: list[str]
) -> None:
    done = tasksync(*words)
    assert (done.code, done.out) == (64, "")
    assert f"{words[-2] if words[-2] != '-f' else '--file'}: its value is empty" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--max-delete=--"), '"--" is no limit'),
        (("publish", "x", "--to=--"), '--to cannot be "--"'),
        (("state", "list", "--project=--"), '"--" is no project'),
    ],
)
def test_two_dashes_are_a_value_where_they_are_given_as_one(
    tasksync: Tasksync, words: tuple[str, ...], told: str
) -> None:
    """Argparse takes them for no value, and gives the command a list."""
    done = tasksync(*words)
    assert (done.code, told in done.err) == (64, True), done.err


def test_an_empty_variable_is_one_that_is_not_set(tasksync: Tasksync, tmp_path: Path) -> None:
    unset = {"TASKSYNC_PARALLELISM": "", "TASKSYNC_TIMEOUT": "", "TASKSYNC_FORMAT": ""}
    assert tasksync("plan", "-f", tmp_path / "tasksync.yaml", **unset).code == 0


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("plan", "plan", 0), ("pln", "plan", 1), ("destory", "destroy", 1), ("ouput", "out", 2)],
)
def test_how_far_words_are_apart(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


@pytest.mark.parametrize(
    ("portal", "told"),
    [
        ("htps://x", '"htps://x" is not the URL of a portal'),
        ("sandboks:", '"sandboks:" is not the URL of a portal'),
        ("sandbox", "Did you mean --portal sandbox:"),
        ("http://example.com", "Plain http"),
        ("/dev/null", "--portal is not the URL of a portal"),
    ],
)
def test_an_address_that_cannot_be_is_told_before_a_key_is_asked_for(
    tasksync: Tasksync, tmp_path: Path, portal: str, told: str
) -> None:
    where = ("plan", "-f", tmp_path / "tasksync.yaml", "--portal", portal)
    done = tasksync(*where, TASKSYNC_API_KEY="")
    assert (done.code, told in done.err) == (1, True), done


@pytest.mark.parametrize(
    ("path", "kind"), [("/dev/zero", "a device"), ("/dev/null", "a device"), ("/", "a folder")]
)
def test_a_state_in_what_is_no_file_is_told_so(
    tasksync: Tasksync, tmp_path: Path, path: str, kind: str
) -> None:
    for words in (["plan"], ["apply", "--yes"], ["state", "list"]):
        done = tasksync(*words, "-f", tmp_path / "tasksync.yaml", "--state", f"sqlite:{path}")
        assert (done.code, f"kept in {path}: that is {kind}" in done.err) == (1, True), done


def test_a_sandbox_keeps_no_world_in_a_device(tasksync: Tasksync, tmp_path: Path) -> None:
    where = ("plan", "-f", tmp_path / "tasksync.yaml", "--portal", "sandbox:/dev/zero")
    done = tasksync(*where)
    assert (done.code, "that is a device" in done.err) == (1, True), done


@pytest.mark.parametrize(
    ("flag", "content", "told"),
    [
        ("--faults", None, "there.json cannot be read: No such file"),
        ("--faults", "x", "is not JSON"),
        ("--faults", "[5]", "a rule is a JSON object"),
        ("--faults", '[{"kind": "lost", "on": 5}]', "on is a JSON object"),
        ("--faults", '[{"kind": "nosuch"}]', "kind is one of status, lost"),
        ("--faults", '[{"kind": "lost", "zz": 1}]', "zz is no member of a rule"),
        ("--quirks", '{"zz": 1}', "no such quirk: zz"),
        ("--data", "x", "is not a sandbox's journal"),
    ],
)
def test_a_sandbox_that_cannot_start_names_the_file_and_the_fault(
    tasksync: Tasksync, tmp_path: Path, flag: str, content: str | None, told: str
) -> None:
    file = tmp_path / "there.json"
    if content is not None:
        file.write_text(content)
    done = tasksync("sandbox", "--port", "0", flag, file)
    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert "there.json" in done.err


def test_the_sandbox_s_own_key_can_be_copied_though_it_is_set_already(
    tasksync: Tasksync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody knows it: hidden, the line that is to be copied set another key."""

    def interrupted(_running: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasksync.sandbox.web.server.RunningSandbox.wait", interrupted)
    done = tasksync("sandbox", "--port", "0", TASKSYNC_API_KEY="vibe_api_sandbox")
    assert done.code == 0
    assert " TASKSYNC_API_KEY=vibe_api_sandbox\n" in done.out


def test_a_sandbox_whose_port_is_taken_names_the_port(tasksync: Tasksync) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tasksync("sandbox", "--port", str(port))
    assert (done.code, f"port {port} cannot be had" in done.err) == (1, True), done


@pytest.mark.parametrize(
    ("text", "value"),
    [("90", 90), ("1.5", 1.5), ("2h30m", 9000), ("1m30s", 90), ("250ms", 0.25), ("5m", 300)],
)
def test_durations_are_read_with_every_unit(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "h", "30m2h", "2h30", "-1s", "1d", "9" * 5000, "501h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError) as told:
        seconds(text)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize("value", ["9" * 5000, "\u00b2", "0", "1.5", "-1", "1000000000"])
def test_numbers_of_flags_are_bounded_and_said_shortly(tasksync: Tasksync, value: str) -> None:
    done = tasksync("plan", f"--parallelism={value}")
    assert (done.code, len(done.err) < 250) == (64, True), done
    assert "is no whole number from 1 to 999999999" in done.err


def test_apply_that_has_nobody_to_ask_names_the_flag_and_writes_nothing(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    done = tasksync("apply", "-f", tmp_path / "tasksync.yaml")
    assert done.code == 64
    assert "--yes" in done.err
    assert not (tmp_path / "state.db").exists()


@pytest.mark.parametrize("answer", ["", "y", "YES", "no"])
def test_only_yes_is_accepted(tasksync: Tasksync, tmp_path: Path, answer: str) -> None:
    done = tasksync("apply", "-f", tmp_path / "tasksync.yaml", answer=answer)
    assert done.code == 1
    assert "Only 'yes' will be accepted" in done.err
    assert "Apply 2 changes to usage on " in done.err
    assert "Nothing was written" in done.err
    assert "First" not in tasksync("state", "list", "-f", tmp_path / "tasksync.yaml").out


def test_yes_is_accepted(tasksync: Tasksync, tmp_path: Path) -> None:
    done = tasksync("apply", "-f", tmp_path / "tasksync.yaml", answer="yes")
    assert done.code == 0
    assert "Apply complete! Tasks: 2 added, 0 changed, 0 destroyed." in done.out


def test_ci_is_never_asked(tasksync: Tasksync, tmp_path: Path) -> None:
    assert tasksync("apply", "-f", tmp_path / "tasksync.yaml", answer="yes", CI="true").code == 64


def test_a_real_portal_without_a_key_is_exit_7_and_names_the_variable(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    portal = {"TASKSYNC_PORTAL": "https://vibecode.bitrix24.com"}
    done = tasksync("plan", "-f", tmp_path / "tasksync.yaml", **portal)
    assert done.code == 7
    assert "TASKSYNC_API_KEY" in done.err


@pytest.mark.parametrize(
    "key",
    [
        "vibe_api_noscope",
        "vibe_api_notokens",
        "vibe_api_expired",
        "vibe_api_revoked",
        "vibe_api_elsewhere",
        "vibe_app_sandbox",
        "vibe_live_sandbox",
        "vibe_api_readonly",
    ],
)
def test_a_key_that_may_not_is_exit_7_before_anything_is_written(
    tasksync: Tasksync, tmp_path: Path, key: str
) -> None:
    done = tasksync("apply", "-f", tmp_path / "tasksync.yaml", "--yes", TASKSYNC_API_KEY=key)
    assert done.code == 7, done
    assert key not in done.err + done.out
    good = tasksync("plan", "-f", tmp_path / "tasksync.yaml")
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in good.out


def test_an_app_key_with_its_session_works(tasksync: Tasksync, tmp_path: Path) -> None:
    env = {"TASKSYNC_API_KEY": "vibe_app_sandbox", "TASKSYNC_SESSION_TOKEN": "vibe_session_sandbox"}
    assert tasksync("apply", "-f", tmp_path / "tasksync.yaml", "--yes", **env).code == 0


def test_a_key_file_is_read_and_an_unreadable_one_is_named(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    where = ("plan", "-f", tmp_path / "tasksync.yaml")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):  # Notepad's and PowerShell's too
        file.write_bytes("vibe_api_noscope\r\n".encode(encoding))
        assert tasksync(*where, TASKSYNC_API_KEY_FILE=str(file)).code == 7
    done = tasksync(*where, TASKSYNC_API_KEY_FILE=str(tmp_path / "none"))
    assert (done.code, "TASKSYNC_API_KEY_FILE" in done.err) == (1, True)


def test_flags_have_environment_variables(tasksync: Tasksync, tmp_path: Path) -> None:
    where = ("plan", "-f", tmp_path / "tasksync.yaml")
    assert tasksync(*where, TASKSYNC_DETAILED_EXITCODE="1").code == 2
    assert tasksync(*where, TASKSYNC_FORMAT="json").out.startswith("{")
    bad = tasksync(*where, TASKSYNC_PARALLELISM="many")
    assert (bad.code, "TASKSYNC_PARALLELISM" in bad.err) == (64, True)


def test_gos_single_dashes_are_understood(tasksync: Tasksync, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    done = tasksync("plan", "-f", tmp_path / "tasksync.yaml", "-detailed-exitcode", f"-out={out}")
    assert (done.code, out.exists()) == (2, True)


def test_a_missing_manifest_says_what_to_do(tasksync: Tasksync, tmp_path: Path) -> None:
    done = tasksync("plan", "-f", tmp_path / "nowhere.yaml")
    assert done.code == 1
    assert "nowhere.yaml" in done.err


def test_help_and_version_are_data_on_stdout(tasksync: Tasksync) -> None:
    for words in (["--help"], ["plan", "--help"], ["state", "mv", "--help"], ["version"]):
        done = tasksync(*words)
        assert (done.code, done.err) == (0, ""), words
        assert done.out


def test_a_pipe_gets_no_colours_and_a_terminal_does(tasksync: Tasksync, tmp_path: Path) -> None:
    where = ("plan", "-f", tmp_path / "tasksync.yaml")
    assert "\x1b[" not in tasksync(*where).out
    assert "\x1b[" in tasksync(*where, terminal=True, TERM="xterm").out
    assert "\x1b[" not in tasksync(*where, terminal=True, TERM="xterm", NO_COLOR="1").out
    assert "\x1b[" not in tasksync(*where, "--no-color", terminal=True, TERM="xterm").out
    assert "\x1b[" not in tasksync(*where, terminal=True, TERM="dumb").out
    assert "\x1b[" in tasksync(*where, FORCE_COLOR="1").out


def test_the_sandbox_hides_its_folder_from_git(tasksync: Tasksync, tmp_path: Path) -> None:
    world = tmp_path / ".tasksync" / "world.json"
    where = ("plan", "-f", tmp_path / "tasksync.yaml")
    assert tasksync(*where, TASKSYNC_PORTAL=f"sandbox:{world}").code == 0
    assert (world.parent / ".gitignore").read_text() == "*\n"
