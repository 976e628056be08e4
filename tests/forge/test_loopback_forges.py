"""The forges on loopback say what the vendors' documents say; other tests stand on that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.forges import FORGES, Gitea, GitHub, GitLab, troubles

Forges = GitHub | GitLab | Gitea


@pytest.fixture(params=sorted(FORGES))
def forge(request: pytest.FixtureRequest) -> Iterator[Forges]:
    with FORGES[request.param](clock=lambda: 1_800_000_000.25) as running:
        running.open_pull_request(7)
        yield running


def ask(forge: Forges, who: str | None, method: str, path: str, **sent: Any) -> requests.Response:
    """One request as curl would send it, with the header that the vendor's documents name."""
    headers = {}
    if who is not None:
        secret, kind = forge.tokens[who].secret, forge.tokens[who].kind
        own = {"job": {"JOB-TOKEN": secret}}.get(kind, {"PRIVATE-TOKEN": secret})
        headers = own if forge.name == "gitlab" else {"Authorization": f"Bearer {secret}"}
    return requests.request(
        method, forge.api_url + path, headers=headers, timeout=10, allow_redirects=False, **sent
    )


def comments(forge: Forges, number: int = 7) -> str:
    if forge.name == "gitlab":
        return f"/projects/{forge.repository.number}/merge_requests/{number}/notes"
    return f"/repos/{forge.repository.full_name}/issues/{number}/comments"


def one_comment(forge: Forges, number: int) -> str:
    if forge.name == "gitlab":
        return f"{comments(forge)}/{number}"
    return f"/repos/{forge.repository.full_name}/issues/comments/{number}"


def change(forge: Forges) -> str:
    return "PUT" if forge.name == "gitlab" else "PATCH"


def test_a_comment_is_written_changed_and_deleted_by_whose_token_it_is(forge: Forges) -> None:
    made = ask(forge, "user", "POST", comments(forge), json={"body": "one"})
    assert made.status_code == 201
    at = one_comment(forge, made.json()["id"])
    assert ask(forge, "user", change(forge), at, json={"body": "two"}).json()["body"] == "two"
    assert ask(forge, "other", change(forge), at, json={"body": "no"}).status_code == 403
    assert [one.body for one in forge.comments(7)] == ["two"]
    assert ask(forge, "user", "DELETE", at).status_code == 204
    assert ask(forge, "user", "DELETE", at).status_code == 404
    assert not forge.comments(7)
    assert not forge.faults_of_callers


def test_what_is_private_is_not_there_for_a_stranger_and_a_wrong_token_is_told(
    forge: Forges,
) -> None:
    assert ask(forge, "stranger", "GET", comments(forge)).status_code == 404
    assert ask(forge, None, "GET", comments(forge)).status_code == 404
    forge.tokens["revoked"] = forge.tokens.pop("user")
    assert ask(forge, "reader", "GET", comments(forge)).status_code == 200
    del forge.tokens["revoked"]
    wrong = {"Authorization": "Bearer ghs_wrong"}
    said = requests.get(forge.api_url + comments(forge), headers=wrong, timeout=10)
    assert said.status_code == 401


def test_who_may_ask_whose_token_it_is() -> None:
    with GitHub() as github, GitLab() as gitlab, Gitea() as gitea:
        refused = ask(github, "job", "GET", "/user")
        assert refused.status_code == 403
        assert refused.json()["message"] == "Resource not accessible by integration"
        assert ask(github, "user", "GET", "/user").json()["login"] == "release-account"
        assert ask(gitlab, "project", "GET", "/user").json()["username"] == "project_4711_bot_5f0e"
        assert ask(gitlab, "job", "GET", "/user").status_code == 401
        assert ask(gitea, "job", "GET", "/user").json()["login"] == "gitea-actions"
        assert "read:user" in ask(gitea, "narrow", "GET", "/user").json()["message"]


def test_pages_are_as_long_as_the_documents_say() -> None:
    with GitHub() as github, GitLab() as gitlab, Gitea() as gitea:
        for forge in (github, gitlab, gitea):
            forge.open_pull_request(7)
            for number in range(250):
                forge.add_comment(7, forge.developer, f"{number}", 1.0 + number)
        page = ask(github, "user", "GET", comments(github) + "?per_page=200&page=3")
        assert len(page.json()) == 50
        assert 'page=2>; rel="prev"' in page.headers["Link"]
        assert 'rel="next"' not in page.headers["Link"]
        assert len(ask(github, "user", "GET", comments(github)).json()) == 30
        notes = ask(gitlab, "project", "GET", comments(gitlab))
        assert (notes.headers["x-next-page"], notes.json()[0]["body"]) == ("2", "249")
        assert len(notes.json()) == 20
        assert len(ask(gitea, "user", "GET", comments(gitea)).json()) == 250
        ask(gitea, "user", "GET", comments(gitea) + "?page=2")
        (fault,) = gitea.faults_of_callers
        assert fault.endswith("/comments: no parameter 'page' in the documents")


def test_what_is_too_long_is_refused_in_the_vendors_words() -> None:
    with GitHub() as github, GitLab() as gitlab:
        for forge in (github, gitlab):
            forge.open_pull_request(7)
        long = {"body": "x" * 65537}
        said = ask(github, "job", "POST", comments(github), json=long)
        assert (said.status_code, said.json()["message"]) == (422, "Validation Failed")
        assert "maximum is 65536 characters" in said.json()["errors"][0]["message"]
        assert ask(gitlab, "project", "POST", comments(gitlab), json=long).status_code == 201
        longer = {"body": "x" * 1_000_001}
        said = ask(gitlab, "project", "POST", comments(gitlab), json=longer)
        assert said.status_code == 400
        assert "maximum is 1000000 characters" in said.text


def test_rate_limits_say_how_long(forge: Forges) -> None:
    forge.exhaust("user", 30)
    said = ask(forge, "user", "GET", comments(forge))
    if forge.name == "github":
        assert (said.status_code, said.headers["x-ratelimit-remaining"]) == (403, "0")
        assert said.headers["x-ratelimit-reset"] == "1800000031"
        assert "retry-after" not in said.headers
        assert forge.too_many(9).headers == {"retry-after": "9"}
    else:
        assert (said.status_code, said.headers["Retry-After"]) == (429, "30")
    assert ask(forge, "other", "GET", comments(forge)).status_code == 200


def test_a_former_name_leads_to_the_present_one() -> None:
    with GitHub() as github, GitLab() as gitlab, Gitea() as gitea:
        for forge in (github, gitlab, gitea):
            forge.open_pull_request(7)
            forge.rename("chores")
        there = ask(
            github, "job", "POST", "/repos/acme/tasks/issues/7/comments", json={"body": "x"}
        )
        assert there.status_code == 307
        assert there.headers["Location"].endswith("/repositories/1296269/issues/7/comments")
        assert ask(github, "job", "GET", "/repos/acme/tasks/pulls/7").status_code == 301
        assert ask(github, "job", "GET", "/repositories/1296269/pulls/7").status_code == 200
        moved = "/projects/acme%2Ftasks/merge_requests/7"
        assert ask(gitlab, "project", "GET", moved).status_code == 301
        assert ask(gitlab, "project", "POST", moved + "/notes").status_code == 405
        there = ask(gitea, "user", "GET", "/repos/acme/tasks/pulls/7")
        assert there.headers["Location"] == "/api/v1/repos/acme/chores/pulls/7"


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "fast-forward"])
def test_a_merged_commit_leads_to_its_pull_request(forge: Forges, how: str) -> None:
    merged = forge.merge(7, how=how)
    if forge.name == "gitlab":
        path = f"/projects/{forge.repository.number}/repository/commits/{merged}/merge_requests"
        (found,) = ask(forge, "project", "GET", path).json()
        told = {"merge": "merge_commit_sha", "squash": "squash_commit_sha"}.get(how, "sha")
        assert (found["iid"], found["state"], found[told]) == (7, "merged", merged)
    elif forge.name == "github":
        path = f"/repos/acme/tasks/commits/{merged}/pulls"
        (found,) = ask(forge, "job", "GET", path).json()
        assert (found["number"], found["merge_commit_sha"]) == (7, merged)
        assert found["merged_at"] is not None
        assert "merged" not in found
    else:
        found = ask(forge, "job", "GET", f"/repos/acme/tasks/commits/{merged}/pull").json()
        assert (found["number"], found["merge_commit_sha"]) == (7, merged)
        other = forge.repository.pulls[7].commits[0]
        if other != merged:
            path = f"/repos/acme/tasks/commits/{other}/pull"
            assert ask(forge, "job", "GET", path).status_code == 404


def test_before_the_merge_the_merge_commit_of_github_is_that_of_a_test() -> None:
    with GitHub() as forge:
        pull = forge.open_pull_request(7)
        said = ask(forge, "job", "GET", "/repos/acme/tasks/pulls/7").json()
        assert (said["merged"], said["merge_commit_sha"]) == (False, pull.test_merge)
        assert said["head"]["sha"] == pull.head
        environment = forge.environment_of_pull_request(7)
        assert environment["GITHUB_SHA"] == pull.test_merge
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        assert event["pull_request"]["head"]["sha"] == pull.head


def test_a_job_of_gitlab_may_read_notes_and_write_none() -> None:
    with GitLab() as forge:
        forge.open_pull_request(7)
        assert ask(forge, "job", "GET", comments(forge)).status_code == 200
        said = ask(forge, "job", "POST", comments(forge), json={"body": "x"})
        assert (said.status_code, said.json()) == (401, {"message": "401 Unauthorized"})
        environment = forge.environment_of_pull_request(7, merged_result=True)
        head = forge.repository.pulls[7].head
        assert environment["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"] == head
        assert environment["CI_COMMIT_SHA"] != head


def test_a_line_that_is_a_quick_action_is_done_and_not_kept() -> None:
    with GitLab() as forge:
        forge.open_pull_request(7)
        body = "text\n/close\n```\n/merge\n```"
        said = ask(forge, "project", "POST", comments(forge), json={"body": body}).json()
        assert said["body"] == "text\n```\n/merge\n```"
        assert forge.quick_actions == [("project_4711_bot_5f0e", "/close")]


def test_a_trouble_hits_the_request_it_is_for(forge: Forges) -> None:
    forge.trouble(troubles.cut_after, "POST", "/")
    with pytest.raises(requests.ConnectionError):
        ask(forge, "user", "POST", comments(forge), json={"body": "lost answer"})
    forge.trouble(troubles.cut_before, "POST")
    with pytest.raises(requests.ConnectionError):
        ask(forge, "user", "POST", comments(forge), json={"body": "never came"})
    forge.trouble(troubles.answer(502, "bad gateway"))
    assert ask(forge, "user", "GET", comments(forge)).status_code == 502
    assert [one.body for one in forge.comments(7)] == ["lost answer"]
    assert [one.status for one in forge.requests] == [None, None, 502]


def test_what_no_document_names_is_a_fault_of_the_caller(forge: Forges) -> None:
    assert ask(forge, "user", "GET", "/nothing").status_code == 404
    assert ask(forge, "user", "POST", comments(forge), json={"text": "x"}).status_code in (400, 422)
    assert len(forge.faults_of_callers) == 3
