"""A project's process has its own secrets and nobody else's, under whatever name they stand."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.errors import AuthenticationFailed, SettingsError
from tasksync.fleet.project_environment import project_environment
from tasksync.fleet.project_secrets import ProjectSecrets, secrets_of

ACME = FleetProject("acme", ("acme",), SecretSource("ACME_KEY"), state="sqlite:acme.db")
GLOBEX = FleetProject(
    "globex", ("globex",), SecretSource("GLOBEX_KEY"), SecretSource("GLOBEX_SESSION")
)
NAMED = [source for project in (ACME, GLOBEX) for source in project.sources]
ENV = {
    "PATH": "/bin",
    "ACME_KEY": "acme-secret-1",
    "GLOBEX_KEY": "globex-secret-2",
    "GLOBEX_SESSION": "globex-session-3",
    "TASKSYNC_API_KEY": "the-admin-s-own",
    "TASKSYNC_API_KEY_FILE": "/run/secrets/admin",
    "TASKSYNC_SESSION_TOKEN": "the-admin-s-session",
}
OTHERS = {"acme-secret-1", "globex-secret-2", "globex-session-3"}


def of_acme(env: dict[str, str]) -> dict[str, str]:
    return project_environment(env, ACME, secrets_of(ACME, env, "."), NAMED, OTHERS)


def test_it_has_its_own_key_and_no_other() -> None:
    assert of_acme(ENV) == {
        "PATH": "/bin",
        "TASKSYNC_API_KEY": "acme-secret-1",
        "TASKSYNC_STATE": "sqlite:acme.db",
    }


def test_a_session_goes_to_its_project_alone() -> None:
    own = secrets_of(GLOBEX, ENV, ".")
    env = project_environment(ENV, GLOBEX, own, NAMED, OTHERS)
    assert env["TASKSYNC_SESSION_TOKEN"] == "globex-session-3"
    assert "acme-secret-1" not in "".join(env.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COPY", "globex-secret-2"),
        ("ALL_KEYS", "acme-secret-1,globex-secret-2"),
        ("HOOK", "https://globex-secret-2@example.com/"),
        ("globex_key", "another"),
        ("ADDRESS", "https://h/?key=globex%2Dsecret-2"),
        ("DOCUMENT", '{"key": "globex\\u002dsecret-2"}'),
        ("BASIC", b64encode(b"globex-secret-2").decode()),
        ("LOGIN", b64encode(b"user:globex-secret-2").decode()),
        ("LATER", urlsafe_b64encode(b"a:globex-secret-2:b").decode()),
        ("HEX", b"globex-secret-2".hex()),
    ],
)
def test_another_name_for_a_foreign_secret_is_left_out(name: str, value: str) -> None:
    assert name not in of_acme({**ENV, name: value})


@pytest.mark.parametrize("key", ["a", "12", "bin", "x y", "deploy"])
def test_a_foreign_key_that_is_a_common_word_takes_no_variable_away(key: str) -> None:
    """But those that hold it and nothing else, or in a list."""
    env = {**ENV, "GLOBEX_KEY": key, "HOME": "/home/data-12-deploys", "LANG": "a_12", "COPY": key}
    found = project_environment(env, ACME, secrets_of(ACME, env, "."), NAMED, {key})
    assert {"PATH", "HOME", "LANG"} <= found.keys()
    assert not {"GLOBEX_KEY", "COPY"} & found.keys()


@pytest.mark.parametrize("name", ["STATE", "PORTAL"])
def test_no_project_runs_on_another_state_or_portal_than_was_said(name: str) -> None:
    """An address that may not be handed on: the default would be another world."""
    env = {**ENV, f"TASKSYNC_{name}": "https://h/?x=acme-secret-1"}
    with pytest.raises(SettingsError, match=f"TASKSYNC_{name}, in which the secret of another"):
        project_environment(env, GLOBEX, secrets_of(GLOBEX, env, "."), NAMED, OTHERS)


@pytest.mark.parametrize("flag", ["OUT", "ONLY", "FORMAT", "MAX_DELETE", "YES", "DESTROY", "FILE"])
def test_flags_of_the_fleet_s_own_command_do_not_reach_the_projects(flag: str) -> None:
    assert f"TASKSYNC_{flag}" not in of_acme({**ENV, f"TASKSYNC_{flag}": "1"})


@pytest.mark.parametrize("name", ["LOG", "RUN_URL", "HTTP_USERNAME", "HTTP_PASSWORD"])
def test_what_means_the_same_everywhere_is_kept(name: str) -> None:
    assert of_acme({**ENV, f"TASKSYNC_{name}": "x"})[f"TASKSYNC_{name}"] == "x"


def test_the_state_and_the_portal_of_the_environment_hold_where_the_file_names_none() -> None:
    env = {**ENV, "TASKSYNC_STATE": "postgresql://db/x", "TASKSYNC_PORTAL": "sandbox:"}
    found = project_environment(env, GLOBEX, secrets_of(GLOBEX, env, "."), NAMED, OTHERS)
    assert found["TASKSYNC_STATE"] == "postgresql://db/x"
    assert found["TASKSYNC_PORTAL"] == "sandbox:"
    assert of_acme(env)["TASKSYNC_STATE"] == "sqlite:acme.db"


def test_two_projects_may_have_one_key() -> None:
    """The key of both is no foreign one for either."""
    env = {**ENV, "GLOBEX_KEY": "acme-secret-1", "COPY": "acme-secret-1"}
    own = secrets_of(ACME, env, ".")
    found = project_environment(env, ACME, own, NAMED, {"acme-secret-1"})
    assert found["TASKSYNC_API_KEY"] == found["COPY"] == "acme-secret-1"


@given(
    st.dictionaries(
        st.sampled_from(["COPY", "acme_key", "PYTHONIOENCODING", "TASKSYNC_X"])
        | st.sampled_from([f"TASKSYNC_{one}" for one in ("STATE", "PORTAL", "LOG", "API_KEY")]),
        st.sampled_from([*OTHERS, *(f"x{one}y" for one in sorted(OTHERS)), "plain"]),
        max_size=8,
    )
)
def test_no_environment_brings_a_foreign_secret_in(more: dict[str, str]) -> None:
    env = {**more, **ENV}
    foreign = OTHERS - {"acme-secret-1"}
    try:
        found = project_environment(env, ACME, secrets_of(ACME, env, "."), NAMED, OTHERS)
    except SettingsError:
        assert any(text in more["TASKSYNC_PORTAL"] for text in foreign)
        return
    for text in foreign:
        assert not any(text in value for value in found.values())


def test_a_key_comes_from_a_file_beside_the_fleet_s(tmp_path: Path) -> None:
    tmp_path.joinpath("acme").write_text("from-a-file\n")
    project = FleetProject("acme", ("acme",), SecretSource(file="acme"))
    assert secrets_of(project, {}, str(tmp_path)) == ProjectSecrets("from-a-file")


def test_a_key_that_is_not_there_is_told_by_its_name() -> None:
    with pytest.raises(AuthenticationFailed, match="no key for acme: ACME_KEY is not set"):
        secrets_of(ACME, {"ACME_KEY": " "}, ".")


def test_a_session_that_is_not_there_is_told_too() -> None:
    with pytest.raises(AuthenticationFailed, match="GLOBEX_SESSION is not set"):
        secrets_of(GLOBEX, {"GLOBEX_KEY": "x"}, ".")


@pytest.mark.parametrize(
    ("text", "error"),
    [(None, SettingsError), (b"\xff\xfe\xff", SettingsError), (b" \n", AuthenticationFailed)],
)
def test_a_file_of_a_key_that_cannot_be_used(
    tmp_path: Path, text: bytes | None, error: type[Exception]
) -> None:
    if text is not None:
        tmp_path.joinpath("acme").write_bytes(text)
    project = FleetProject("acme", ("acme",), SecretSource(file="acme"))
    with pytest.raises(error, match="acme"):
        secrets_of(project, {}, str(tmp_path))


def test_a_sandbox_needs_no_key() -> None:
    project = FleetProject("acme", ("acme",), SecretSource("ACME_KEY"), portal="sandbox:")
    assert secrets_of(project, {}, ".") == ProjectSecrets()


def test_no_secret_is_in_how_it_prints() -> None:
    assert "acme-secret-1" not in repr(secrets_of(ACME, ENV, "."))
