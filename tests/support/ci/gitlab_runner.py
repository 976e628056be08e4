"""GitLab's runner: .gitlab-ci.yml with what it includes, and the jobs whose rules hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.ci.conditions import Conditions
from support.ci.shell import Job, Machine

FILE = ".gitlab-ci.yml"
_INPUT = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*\]\]")
_JOB_KEYS = {
    *("extends", "image", "variables", "before_script", "script", "stage", "rules"),
    *("environment", "resource_group", "interruptible"),
}
Json = dict[str, Any]


@dataclass
class GitLabRunner:
    """Runs the pipelines of a bare repository.

    `released` is what stands at `address`: the files of our release, on the web. `scoped` are the
    project's variables by the environment that they are for; "*" is for every job.
    """

    origin: Path
    released: Path
    address: str
    machine: Machine
    builds: Path
    scoped: Mapping[str, Mapping[str, str]]
    jobs: list[Job] = field(default_factory=list)
    #: what was installed in the image, by the line and what it names: not twice, to be quick
    installed: set[tuple[str, str]] = field(default_factory=set)

    def run(self, told: Mapping[str, str], *, by_hand: tuple[str, ...] = ()) -> dict[str, Job]:
        """Run the pipeline of CI_COMMIT_SHA; jobs that wait for a hand run where they are named."""
        commit = told["CI_COMMIT_SHA"]
        whole = self._whole(self.machine.git(self.origin, "show", f"{commit}:{FILE}"))
        done = {}
        for name in whole:
            job = _extended(whole, name)
            variables = {**told, **self.scoped.get("*", {})}
            when = "never" if name.startswith(".") else when_of(job, variables)
            if when == "on_success" or name in by_hand:
                assert when != "never", name
                done[name] = self._job(name, job, told)
        self.jobs += done.values()
        return done

    def _whole(self, text: str) -> Json:
        """Return all jobs, those of included files too."""
        told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts alone
        jobs: Json = {}
        for one in told.pop("workflow", {}):
            assert one == "auto_cancel", one  # rules would leave pipelines out
        for included in told.pop("include", ()):
            assert set(included) <= {"remote", "inputs"}, included
            file = self._here(included["remote"])
            jobs |= component(Path(file).read_text("utf-8"), included.get("inputs", {}))
        return {**jobs, **told}

    def _here(self, text: str) -> str:
        """Return what leads to the same file without a network."""
        return text.replace(self.address, str(self.released))

    def _job(self, name: str, job: Json, told: Mapping[str, str]) -> Job:
        made = Job(name)
        environment = job.get("environment", {}).get("name", "")
        folder = self.builds / f"{len(list(self.builds.iterdir()))}"
        own = {key: self._here(value) for key, value in job.get("variables", {}).items()}
        assert not [value for value in own.values() if "$" in value], own
        env = {**told, **own, **self.scoped.get("*", {}), **self.scoped.get(environment, {})}
        self.machine.checkout(self.origin, told["CI_COMMIT_SHA"], folder)
        env |= {
            "CI_JOB_NAME": name,
            "CI_PROJECT_DIR": str(folder),
            "CI_ENVIRONMENT_NAME": environment,
        }
        lines = [*job.get("before_script", ()), *job["script"]]
        made.ran = [one for one in lines if not self._is_there(one, env)]
        script = "\n".join(["set -eo pipefail", "set +o noclobber", *made.ran, ""])
        made.code, made.said = self.machine.bash(script, folder, env)
        return made

    def _is_there(self, line: str, env: Mapping[str, str]) -> bool:
        if not line.startswith("pip install"):
            return False
        asked = (line, env["TASKSYNC_PACKAGE"])
        there = asked in self.installed
        self.installed.add(asked)
        return there


def component(text: str, given: Json) -> Json:
    """Return the jobs of a file with a header, its inputs put in."""
    header, jobs = yaml.load_all(text, Loader=yaml.BaseLoader)
    known = header["spec"]["inputs"]
    assert set(given) <= set(known), set(given) - set(known)
    values = {}
    for name, told in known.items():
        values[name] = given.get(name, told.get("default"))
        assert values[name] is not None, f"{name} must be given"
        assert re.search(told.get("regex", ""), values[name]), f"{name} is {values[name]!r}"
    filled: Json = _filled(jobs, values)
    return filled


def _filled(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(below, values) for name, below in node.items()}
    if isinstance(node, list):
        return [_filled(below, values) for below in node]
    return _INPUT.sub(lambda found: values[found[1]], node)


def _extended(jobs: Json, name: str) -> Json:
    job: Json = jobs[name]
    assert set(job) <= _JOB_KEYS, set(job) - _JOB_KEYS
    base = _extended(jobs, job["extends"]) if "extends" in job else {}
    variables = {**base.get("variables", {}), **job.get("variables", {})}
    return {**base, **job, "variables": variables}


def when_of(job: Json, variables: Mapping[str, str]) -> str:
    """Return what the first rule that holds says; a job none of whose rules holds is never run."""
    conditions = Conditions(variable=variables.get)
    for rule in job["rules"]:
        assert set(rule) <= {"if", "when"}, rule
        if conditions.value(rule["if"]):
            return str(rule.get("when", "on_success"))
    return "never"
