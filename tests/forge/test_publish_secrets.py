"""The token of a forge is shown nowhere: not in what is said, nor in a comment or a summary."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from support.forges import troubles
from support.publishing import TOKEN, Publishing


def forms(secret: str) -> list[str]:
    """The forms in which a server may quote a secret."""
    return [secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 503])
def test_a_token_that_the_forge_repeats_in_its_error_is_not_shown(
    at: Publishing, status: int
) -> None:
    plan, secret = at.plan(), at.forge.tokens[at.usual].secret
    for method in ("GET", "POST"):
        at.forge.trouble(troubles.echo(status), method, times=1000)
        done = at.publish(plan)
        at.forge.no_more_trouble()
        assert done.code == (7 if status in (401, 403, 404) else 1), done.err
        assert not any(one in done.out + done.err for one in forms(secret))
    assert at.bodies() == []


def test_a_token_in_the_published_file_is_masked(at: Publishing, tmp_path: Path) -> None:
    env = at.environment()
    secret = env[TOKEN[at.forge.name]]
    report = tmp_path / "report.md"
    report.write_text(f"token {secret}\n", encoding="utf-8")
    done = at.publish(report, "--name", "report", env=env)
    assert done.code == 0, done.err
    assert secret not in at.bodies()[0]
    if summary := env.get("GITHUB_STEP_SUMMARY"):
        assert secret not in Path(summary).read_text("utf-8")


def test_a_token_in_a_title_of_the_plan_is_in_no_comment(at: Publishing) -> None:
    secret = at.forge.tokens[at.usual].secret
    env = at.environment()
    done = at.publish(at.plan(f"Use {secret}"), env=env)
    assert done.code == 0, done.err
    (body,) = at.bodies()
    assert secret not in body
    assert at.publish(at.plan(f"Use {secret}")).code == 0
    assert len(at.bodies()) == 1


def test_the_token_goes_in_its_header_to_the_api_and_nowhere_else(at: Publishing) -> None:
    secret = at.forge.tokens[at.usual].secret
    assert at.publish(at.plan()).code == 0
    assert all(secret not in one.path for one in at.forge.requests)


def test_a_token_is_not_sent_openly_or_with_an_address(at: Publishing) -> None:
    name = "CI_API_V4_URL" if at.forge.name == "gitlab" else "GITHUB_API_URL"
    for address in ("http://forge.example/api", "https://me:pw@forge.example/api"):
        done = at.publish(at.plan(), env={**at.environment(), name: address})
        assert done.code == 1, done.err
        assert "pw@" not in done.err
    assert at.forge.requests == []
