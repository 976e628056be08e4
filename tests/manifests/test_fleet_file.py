"""A fleet's file: what it means, all that is wrong in it with its places, and no secret of it."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.errors import FleetInvalid
from tasksync.manifests.fleet_file import SIZE_LIMIT, read_fleet
from tasksync.render.error_text import error_text

FOLDER = Path(__file__).parents[1] / "broken_fleets"
CASES = sorted(FOLDER.glob("*.yaml"))
EXPECTED = re.compile(r"^# expect (.+)$", re.MULTILINE)
#: stands in broken files where a secret may be
PLANTED = ("hunter22", "vibe_api_0f7a91c2d4")


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two projects and shared templates, and its fleet's file to be written."""
    for name in ("acme", "globex"):
        folder = tmp_path / "clients" / name
        folder.mkdir(parents=True)
        text = f"apiVersion: tasksync/v1\nproject: {name}\ntasks: {{}}\n"
        (folder / "tasks.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "shared.yaml").write_text("apiVersion: tasksync/v1\ntasks: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "fleet.yaml"


def written(file: Path, projects: str, *, defaults: str = "{}") -> str:
    """Write a fleet's file with these projects."""
    text = textwrap.indent(textwrap.dedent(projects), "  ")
    file.write_text(
        f"apiVersion: tasksync/v1\nfleet: clients\ndefaults: {defaults}\nprojects:\n{text}",
        encoding="utf-8",
    )
    return str(file)


def told(path: str) -> list[str]:
    """Return what is said of a file that is refused."""
    with pytest.raises(FleetInvalid) as caught:
        read_fleet(path)
    assert error_text(caught.value).endswith("in the fleet's file.\n")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_fleet_says_exactly_what_is_wrong_and_where(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, each with its place, and no secret in any word."""
    monkeypatch.chdir(FOLDER)
    expected = EXPECTED.findall(case.read_text(encoding="utf-8"))
    said = told(case.name)
    assert said == [f"{case.name}:{one}" for one in expected]
    assert all(one.endswith(")") for one in said)
    assert [one for one in PLANTED if one in "".join(said)] == []


def test_there_are_enough_broken_fleets() -> None:
    assert len(CASES) >= 26


def test_a_fleet_is_read_in_the_order_of_its_file(clients: Path) -> None:
    path = written(
        clients,
        """\
        globex: {path: clients/globex, key: GLOBEX_KEY, portal: https://vibecode.bitrix24.com}
        acme:
          path: [clients/acme, templates]
          key: file:/run/secrets/acme
          session: ACME_SESSION
          state: sqlite:acme.db
          labels: [eu]
        """,
        defaults="{state: 'postgresql://t@db/t', labels: [all], portal: 'sandbox:'}",
    )
    fleet = read_fleet(path)
    assert (fleet.name, fleet.root) == ("clients", str(clients.parent))
    assert fleet.projects == (
        FleetProject(
            "globex",
            ("clients/globex",),
            SecretSource("GLOBEX_KEY"),
            portal="https://vibecode.bitrix24.com",
            state="postgresql://t@db/t",
            labels=frozenset({"all"}),
        ),
        FleetProject(
            "acme",
            ("clients/acme", "templates"),
            SecretSource(file="/run/secrets/acme"),
            SecretSource("ACME_SESSION"),
            portal="sandbox:",
            state="sqlite:acme.db",
            labels=frozenset({"eu"}),
        ),
    )


def test_the_root_is_where_the_file_is_wherever_it_is_named_from(
    clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a path may lead out of it, to templates beside it."""
    folder = clients.parent / "fleets"
    folder.mkdir()
    path = written(folder / "eu.yaml", "acme: {path: [../clients/acme, ../templates], key: K}\n")
    monkeypatch.chdir(clients.parent.parent)
    fleet = read_fleet(os.path.relpath(path))
    assert fleet.root == str(folder)
    assert fleet.projects[0].paths == ("../clients/acme", "../templates")


@pytest.mark.parametrize(
    "name",
    ["ACME_KEY", "acme_key", "B24_KEY_0042", "VIBE_API_KEY", "_k", "BITRIX24PORTALKEY", "AcmeKey2"],
)
def test_a_name_of_a_variable_is_one(clients: Path, name: str) -> None:
    path = written(clients, f"acme: {{path: clients/acme, key: {name}}}\n")
    assert read_fleet(path).projects[0].key == SecretSource(name)


SECRETS = [
    "vibe_api_sandbox",
    "vibe_live_0f7a91c2d4e6b8",
    "vibe_session_abc",
    "0f7a91c2d4e6b8a0f7a91c2d4e6b8a00",
    "af7a91c2d4e6b8a0",
    "kq3v9x7z1m5n8p2w",
    "Zx9Kq3Vb7Nm1Pw5Rt8Ys",
    "A1B2C3D4E5F6",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "qwhgtkzpxmvbndfjqwhgtkzpxmvbndfj",
    "ACME KEY 48151623",
    "s3cr3t-with-hyphens",
    "eyJhbGciOi.J9eyJz.dWIiOiIx",
    "file:vibe_api_0f7a91c2d4",
    "file:/run/vibe_api_0f7a91c2d4",
    "file:0f7a91c2d4e6b8a0f7a91c2d4e6b8a00",
    "https://acme.bitrix24.ru/rest/1/kq3v9x7z1m5n8p2w/",
]
PLACES = [
    "acme: {path: clients/acme, key: KEY}\n",
    "acme: {path: clients/acme, key: K, session: KEY}\n",
    "acme: {path: clients/acme, key: [KEY, KEY]}\n",
    "acme: {path: clients/acme, key: {KEY: KEY}}\n",
    "acme: KEY\n",
    "acme: {path: clients/acme, key: K, label: [KEY]}\n",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_where_its_name_belongs_is_refused_and_not_shown(
    clients: Path, secret: str, place: str
) -> None:
    """Nor any eight characters of it in a row."""
    bare = secret.rpartition("/")[2] if secret.startswith("file:/") else secret
    said = "\n".join(told(written(clients, place.replace("KEY", f'"{secret}"'))))
    for shown in (bare, *(bare[at : at + 8] for at in range(len(bare) - 7))):
        assert shown not in said or shown in {"https://", ".bitrix2"}, shown


ELSEWHERE = [
    "KEY: {path: clients/acme, key: K}\n",
    "acme: {path: clients/acme, key: *KEY}\n",
    "acme: {path: clients/acme, key: !KEY x}\n",
    "acme: {path: KEY, key: K}\n",
    "acme: {path: clients/acme, key: K, KEY: 1}\n",
    "acme: {path: clients/acme, key: K, labels: ['KEY x']}\n",
    "acme: {path: clients/acme, key: K, KEY: 1, KEY: 2}\n",
    "acme: {path: clients/acme, key: K: KEY}\n",
    "acme: {path: clients/acme, key: 'KEY}\n",
]


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("secret", [one for one in SECRETS if re.fullmatch(r"\w+", one)])
def test_what_looks_like_a_key_is_shown_nowhere(clients: Path, secret: str, place: str) -> None:
    assert secret not in "\n".join(told(written(clients, place.replace("KEY", secret))))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://t@db/t?password=hunter22",
        "postgres://t:hun/ter22@db/t",
        "postgresql://:hunter22@db/t",
        "https://hunter22@gitlab.example/state",
        "https://gitlab.example/state?token=hunter22",
    ],
)
def test_a_password_in_a_states_address_is_not_shown(clients: Path, address: str) -> None:
    said = told(written(clients, f'acme: {{path: clients/acme, key: K, state: "{address}"}}\n'))
    assert "carries a password or a token" in said[0]
    assert not [one for one in ("hunter22", "hun/ter22") if one in said[0]]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://t@db.internal:5432/t?sslmode=verify-full&sslkey=client.key",
        "sqlite:.tasksync/a@b.db",
        "s3://bucket/key?endpoint=https://s3.example",
        "https://gitlab.example/api/v4/projects/1/terraform/state/acme",
    ],
)
def test_a_states_address_without_a_password_is_taken(clients: Path, address: str) -> None:
    path = written(clients, f'acme: {{path: clients/acme, key: K, state: "{address}"}}\n')
    assert read_fleet(path).projects[0].state == address


def test_one_manifest_may_go_to_two_portals_with_a_state_each(clients: Path) -> None:
    """And a folder of templates, which holds no project, to all."""
    path = written(
        clients,
        """\
        trial: {path: [clients/acme, templates], key: A, state: 'sqlite:trial.db'}
        acme: {path: [clients/acme, templates], key: B, state: 'sqlite:acme.db'}
        globex: {path: [clients/globex, templates], key: C, state: 'sqlite:acme.db'}
        """,
    )
    assert len(read_fleet(path).projects) == 3


def test_a_hundred_projects_with_all_their_faults_are_told_at_once(clients: Path) -> None:
    lines = [f"p{number}: {{path: nowhere, key: 'a b'}}\n" for number in range(100)]
    assert len(told(written(clients, "".join(lines)))) == 200


def test_what_is_no_file_is_told(clients: Path) -> None:
    assert "No such file" in told(str(clients))[0]
    assert "directory" in told(str(clients.parent))[0]
    assert "standard input" in told("-")[0]
    assert "no name of a file" in told("a\0b")[0]
    clients.write_bytes(b"\xff\xfea\0")
    assert "UTF-16" in told(str(clients))[0]
    clients.write_bytes(b"#" * (SIZE_LIMIT + 1))
    assert "longer than 4 MiB" in told(str(clients))[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes here")
def test_a_path_that_is_a_pipe_is_refused_unread(clients: Path) -> None:
    os.mkfifo(clients.parent / "pipe")
    said = told(written(clients, "acme: {path: pipe, key: K}\n"))
    assert "pipe is neither a file nor a folder" in said[0]


_KEY = "vibe_api_0f7a91c2d4e6"
_GOOD = """\
apiVersion: tasksync/v1
fleet: clients
defaults: {state: 'sqlite:a.db', labels: [eu]}
projects:
  acme: {path: ., key: ACME_KEY, session: file:acme, portal: https://vibecode.example}
  globex:
    path: [.]
    key: GLOBEX_KEY
    state: postgresql://t@db/t
"""
_PIECES = st.sampled_from(
    [
        *("projects:", "  acme: ", "path", "key: ", "session: ", "{", "}", "[", "]", ", ", ": "),
        *("\n", "\n  ", "- ", "'", '"', "*", "&", "!", "|", "#", "?", "<<", "---\n", "\t", "\x07"),
        *("\x85", "null", "5", "~", "file:", "https://me:", f" {_KEY}", f"{_KEY}@", f"&{_KEY} "),
        *(_KEY, f":{_KEY}@db/t", f"/rest/1/{_KEY}/", f"?token={_KEY}", f"!{_KEY} ", f"*{_KEY}"),
    ]
)
_MUTATIONS = st.lists(st.tuples(st.integers(0, len(_GOOD)), _PIECES), min_size=1, max_size=5)


def said_of(file: Path) -> str:
    """Return what a person reads of a file, or of the fleet where nothing is wrong, its names."""
    try:
        fleet = read_fleet(str(file))
    except FleetInvalid as refused:
        return error_text(refused) if refused.problems else _KEY
    return " ".join(str(one) for project in fleet.projects for one in project.sources)


@given(mutations=_MUTATIONS, rest=st.binary(max_size=8))
def test_a_file_that_went_wrong_anyhow_is_refused_in_words_that_show_no_key(
    tmp_path_factory: pytest.TempPathFactory, mutations: list[tuple[int, str]], rest: bytes
) -> None:
    """Whatever was typed into it: a fleet, or problems at places of it, and never a key."""
    file = tmp_path_factory.getbasetemp() / "garbage" / "fleet.yaml"
    file.parent.mkdir(exist_ok=True)
    text = _GOOD
    for at, piece in mutations:
        text = f"{text[:at]}{piece}{text[at:]}"
    file.write_bytes(text.encode() + rest)
    assert _KEY not in said_of(file)


def test_the_file_that_goes_wrong_is_good_before(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(_GOOD, encoding="utf-8")
    assert said_of(tmp_path / "fleet.yaml") == "ACME_KEY file:acme GLOBEX_KEY"
