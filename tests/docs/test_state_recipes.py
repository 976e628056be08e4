"""docs/guides/where-the-state-lives.md: its commands against the servers that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import gitlabstate
import postgres
import pytest
from guides import GUIDES, Session, steps
from quick_program import quick_program

from tasksync.backends.registry import SCHEMES
from tasksync.sandbox.web.routes import open_api

PAGE = "where-the-state-lives.md"
TEXT = (GUIDES / PAGE).read_text("utf-8")


@pytest.fixture(scope="module")
def gitlab() -> Iterator[gitlabstate.Server]:
    with gitlabstate.Server() as server:
        yield server


@pytest.fixture(scope="module")
def bucket(s3_endpoint: str) -> str:
    """The endpoint of an S3 that has the page's bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    client.create_bucket(Bucket="acme-tasksync")
    return s3_endpoint


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """The folder of `tasksync`."""
    folder = tmp_path / "program"
    folder.mkdir()
    with quick_program(folder, "boto3") as made:
        yield made


def session(
    folder: Path, secure_postgres: postgres.SecureServer, gitlab: gitlabstate.Server, bucket: str
) -> Session:
    """Only hosts are other ones; AWS has none in its URL, so that boto3 is told where it is."""
    return Session(
        folder,
        {
            "TASKSYNC_PORTAL": f"sandbox:{folder / 'portal.db'}",
            "TASKSYNC_SETTLE": "0.2s",
            "PGSSLROOTCERT": str(secure_postgres.certificate),
            "AWS_ENDPOINT_URL_S3": bucket,
            "CI_API_V4_URL": f"{gitlab.host}/api/v4",
            "CI_PROJECT_ID": "42",
            "CI_JOB_TOKEN": "glcbt-64-0123456789",
        },
        {
            "db.example.com": f"localhost:{secure_postgres.port}",
            "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com": bucket,
            "https://minio.example.com:9000": bucket.replace("127.0.0.1", "localhost"),
            "https://gitlab.example.com": gitlab.host,
        },
    )


def test_the_recipes_do_what_the_page_says(
    tmp_path: Path,
    secure_postgres: postgres.SecureServer,
    gitlab: gitlabstate.Server,
    bucket: str,
    program: Path,
) -> None:
    """From the file to every server, in the page's order, with one portal: two tasks stay two."""
    walked = session(tmp_path, secure_postgres, gitlab, bucket)
    walked.program = program
    assert walked.walk(PAGE) == 13
    api = open_api(tmp_path / "portal.db")
    assert len(list(api.world.index)) == 2
    api.close()
    assert gitlab.states()["office"].lock is None


def test_every_kind_of_state_has_its_recipe() -> None:
    """And each recipe that names a server says what two runs do, and how it is saved."""
    named = set(re.findall(r"(?:TASKSYNC_STATE=['\"]| in )(\w+):", TEXT))
    assert named == set(SCHEMES) - {"postgres", "http"}  # another spelling, and loopback alone
    assert "$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/" in TEXT
    assert TEXT.count("**Backup**") >= 5
    assert "exit 6" in TEXT


def test_the_workflow_of_the_page_is_one(tmp_path: Path) -> None:
    """By the schema of GitHub's workflows that check-jsonschema carries."""
    (workflow,) = (step for step in steps(TEXT) if step.file == "apply.yml")
    file = tmp_path / "apply.yml"
    file.write_text(workflow.text, "utf-8")
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
