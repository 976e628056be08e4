"""What is known of a state that a GitLab project keeps: its address, its locks, its refusals.

GitLab's documents: docs.gitlab.com/user/infrastructure/iac/terraform_state (roles, tokens, names)
and the published API of `/projects/:id/terraform/state/:name`.
"""

from __future__ import annotations

from tasksync.core.quoting import quoted
from tasksync.errors import SettingsError
from tasksync.late_patterns import pattern_of

_STATE = pattern_of(r"/api/v4/projects/[^/]+/terraform/state/[^/]+$")
#: meant as such a state, however it is written
_MEANT = pattern_of(r"/api/v4/projects/.*/terraform/state(?:/|$)")
#: what a 404 says where the project is not there for this user; a state that is new says less
_NO_PROJECT = b"project not found"
_LOOKED = 200  # bytes of an answer that are looked at for it

ADVICE = {
    401: "Set TASKSYNC_HTTP_USERNAME and TASKSYNC_HTTP_PASSWORD: your name and a token with the "
    "scope api; in a job gitlab-ci-token and $CI_JOB_TOKEN.",
    403: "GitLab lets Developers read a state and Maintainers write it: look at the role of this "
    "user or token, and whether Infrastructure is switched on in the project's settings.",
    404: "GitLab shows this user no such project: look at its ID in the address, and at what the "
    "token of TASKSYNC_HTTP_PASSWORD may see.",
    413: "The state is larger than this GitLab takes: keep it in PostgreSQL, or have an "
    "administrator raise the limit of Terraform states.",
}


def is_gitlab(path: str, shown: str) -> bool:
    """Tell whether a path is that of a state at GitLab; `shown` names the address in an error.

    Raises SettingsError for one that is meant so and that GitLab has no answer for: a 404 of it
    would pass for a state that is new.
    """
    if _STATE.search(path):
        return True
    if _MEANT.search(path):
        raise SettingsError(
            f"The state {quoted(shown)} is not written as GitLab names one.",
            "Write https://HOST/api/v4/projects/ID/terraform/state/NAME: ID is the project's "
            "number, or its path with %2F for /; NAME has no /.",
        )
    return False


def is_no_project(body: bytes) -> bool:
    """Tell whether a 404 means the project and not the state."""
    return _NO_PROJECT in body[:_LOOKED].lower()
