"""GitHub's runner: jobs of a workflow for one event, actions of others known by name, ours read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.ci.conditions import Conditions, UnknownCondition
from support.ci.shell import Job, Machine

WORKFLOW = ".github/workflows/tasksync.yml"
_INSERTED = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(\)")
_JOB_KEYS = {
    *("if", "runs-on", "timeout-minutes", "environment", "permissions", "concurrency", "steps"),
}
_STEP_KEYS = {"name", "id", "if", "uses", "with", "env", "run", "shell"}
_SHELLS = {"bash": ("--noprofile", "--norc", "-eo", "pipefail"), "": ("-e",)}
_OURS = "tasksync/tasksync@"
Json = dict[str, Any]


@dataclass
class _Scope:
    """What expressions see where a step stands, and whether a step before it failed."""

    contexts: dict[str, Any]
    failed: bool = False

    def text(self, told: object) -> str:
        """Insert what stands between `${{` and `}}`."""
        return _INSERTED.sub(lambda found: _as_text(self.value(found[1])), str(told))

    def texts(self, told: Mapping[str, object] | None) -> dict[str, str]:
        return {name: self.text(one) for name, one in (told or {}).items()}

    def holds(self, condition: str | None) -> bool:
        """Whether a job or step is to run; one that asks for no status runs after success alone."""
        if condition is None:
            return not self.failed
        whole = _INSERTED.fullmatch(condition.strip())
        asked = whole[1] if whole else condition
        return bool(self.value(asked)) and (bool(_STATUS.search(asked)) or not self.failed)

    def value(self, expression: str) -> Any:
        calls: dict[str, Callable[[], Any]] = {
            "success": lambda: not self.failed,
            "failure": lambda: self.failed,
            "always": lambda: True,
        }
        return Conditions(name=self._named, calls=calls).value(expression)

    def _named(self, name: str) -> Any:
        root, *path = name.split(".")
        if root not in self.contexts:
            raise UnknownCondition(name)
        found = self.contexts[root]
        for number, part in enumerate(path):
            if root in ("inputs", "github", "steps") and number == 0 and part not in found:
                raise UnknownCondition(name)
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


def _as_text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _read(text: str) -> Json:
    """Read YAML as GitHub does: `on` is a word, and what a runner gets are texts."""
    told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts alone
    assert isinstance(told, dict)
    return told


@dataclass
class GitHubRunner:
    """Runs the workflow of a bare repository; `action` is where our action was unpacked."""

    origin: Path
    action: Path
    machine: Machine
    temp: Path
    #: environment -> its secrets; the variables of the repository
    secrets: Mapping[str, Mapping[str, str]]
    variables: Mapping[str, str]
    #: the job's token, by its permission for pull requests: read, write or none
    token: Callable[[str], str]
    jobs: list[Job] = field(default_factory=list)
    #: Gitea has none, and its secrets are the repository's: those of ""
    has_environments: bool = True

    def run(self, told: Mapping[str, str], commit: str) -> dict[str, Job]:
        """Run what the workflow of a commit has for an event; `told` is what the forge tells."""
        workflow = _read(self.machine.git(self.origin, "show", f"{commit}:{WORKFLOW}"))
        event = json.loads(Path(told["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        env = {**told, "GITHUB_SHA": commit, "RUNNER_TEMP": str(self.temp)}
        env.pop("GITHUB_TOKEN", None)  # no job has it in its environment unless it asks for it
        if not _triggered(workflow["on"], env):
            return {}
        done = {}
        for name, job in workflow["jobs"].items():
            assert set(job) <= _JOB_KEYS, set(job) - _JOB_KEYS
            scope = self._scope(workflow, job, env, event)
            if scope.holds(job.get("if")):
                scope.text(job.get("concurrency", {}).get("group", ""))
                done[name] = self._job(name, job, scope, env)
        self.jobs += done.values()
        return done

    def _scope(self, workflow: Json, job: Json, env: Mapping[str, str], event: Json) -> _Scope:
        rights = job.get("permissions", workflow["permissions"])
        github = {
            "event": event,
            "event_name": env["GITHUB_EVENT_NAME"],
            "repository": env["GITHUB_REPOSITORY"],
            "actor": env["GITHUB_ACTOR"],
            "ref": env["GITHUB_REF"],
            "token": self.token(rights.get("pull-requests", "none")),
        }
        environment = job.get("environment", "") if self.has_environments else ""
        secrets = self.secrets.get(environment, {})
        contexts = {"github": github, "vars": self.variables, "secrets": secrets, "steps": {}}
        scope = _Scope(contexts)
        contexts["env"] = scope.texts(workflow.get("env"))
        return scope

    def _job(self, name: str, job: Json, scope: _Scope, env: Mapping[str, str]) -> Job:
        made = Job(name)
        number = len(list(self.temp.parent.glob("workspace-*")))
        workspace = self.temp.parent / f"workspace-{number}"
        common = {**env, "GITHUB_JOB": name, "GITHUB_WORKSPACE": str(workspace)}
        self._steps(job["steps"], scope, {**common, **scope.contexts["env"]}, made)
        return made

    def _steps(self, steps: list[Json], scope: _Scope, env: dict[str, str], job: Job) -> None:
        for step in steps:
            assert set(step) <= _STEP_KEYS, set(step) - _STEP_KEYS
            scope.contexts["steps"].setdefault(step.get("id", ""), {"outputs": {}})
            if not scope.holds(step.get("if")):
                continue
            asked = {**env, **scope.texts(step.get("env"))}
            if "run" in step:
                outputs = self._run(step, asked, job)
            else:
                outputs = self._use(step, scope, asked, job)
            scope.failed = scope.failed or job.code != 0
            scope.contexts["steps"][step.get("id", "")] = {"outputs": outputs}

    def _run(self, step: Json, env: dict[str, str], job: Job) -> dict[str, str]:
        files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("", "utf-8")
        told = {**env, **{name: str(file) for name, file in files.items()}}
        shell = _SHELLS[step.get("shell", "")]
        code, said = self.machine.bash(step["run"], Path(env["GITHUB_WORKSPACE"]), told, shell)
        job.code, job.said = job.code or code, job.said + said
        job.ran.append(step["run"])
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        lines = files["GITHUB_OUTPUT"].read_text("utf-8").splitlines()
        assert not [line for line in lines if "=" not in line], lines
        return dict(line.split("=", 1) for line in lines)

    def _use(self, step: Json, scope: _Scope, env: dict[str, str], job: Job) -> dict[str, str]:
        given = scope.texts(step.get("with"))
        used = step["uses"].partition("@")[0]
        if used == "actions/checkout":
            assert given == {"persist-credentials": "false"}, given
            self.machine.checkout(self.origin, env["GITHUB_SHA"], Path(env["GITHUB_WORKSPACE"]))
            return {}
        if used == "actions/setup-python":  # the machine has its Python
            return {}
        assert step["uses"].startswith(_OURS), step["uses"]
        return self._ours(given, scope, env, job)

    def _ours(
        self, given: dict[str, str], scope: _Scope, env: dict[str, str], job: Job
    ) -> dict[str, str]:
        action = _read((self.action / "action.yml").read_text("utf-8"))
        known = action["inputs"]
        assert set(given) <= set(known), set(given) - set(known)
        github = {**scope.contexts["github"], "action_path": str(self.action)}
        seen = {"vars": {}, "secrets": {}, "steps": {}, "github": github, "env": env}
        below = _Scope(seen)
        missing = {one for one, told in known.items() if told.get("required") == "true"} - set(
            given
        )
        assert not missing, missing
        defaults = {one: below.text(told.get("default", "")) for one, told in known.items()}
        seen["inputs"] = {**defaults, **given}
        self._steps(action["runs"]["steps"], below, env, job)
        job.outputs |= {name: below.text(one["value"]) for name, one in action["outputs"].items()}
        return job.outputs


def _triggered(asked: Json, env: Mapping[str, str]) -> bool:
    name = env["GITHUB_EVENT_NAME"]
    if name not in asked:
        return False
    told = asked[name] or {}
    if isinstance(told, dict) and "branches" in told:
        return env["GITHUB_REF"].removeprefix("refs/heads/") in told["branches"]
    assert not told or name == "schedule", told
    return True
