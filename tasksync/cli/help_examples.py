"""What stands at the end of each command's help: calls as people make them."""

from __future__ import annotations

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping

#: command -> its calls, with what each is for where that is not plain
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "plan": (
        "tasksync plan -f tasks/",
        "tasksync plan --out plan.json              # then: tasksync apply plan.json",
        "tasksync plan --target 'finance/*' --format markdown",
        "tasksync plan --detailed-exitcode          # exit 2 when changes are due",
    ),
    "apply": (
        "tasksync apply -f tasks/                   # shows the plan and asks",
        "tasksync apply plan.json                   # exactly the saved plan",
        "tasksync apply --expect published          # the plan that was approved, in CI",
        "tasksync apply --yes --max-delete 50%",
    ),
    "validate": (
        "tasksync validate -f tasks/",
        "tasksync validate --expand                 # templates and dates worked out",
    ),
    "show": ("tasksync show plan.json", "tasksync show plan.json --format html"),
    "publish": (
        "tasksync publish plan.json",
        "tasksync publish late.md --name late       # any Markdown, one comment a name",
    ),
    "status": (
        "tasksync status --overdue",
        "tasksync status --due 7d --person petrova@example.com",
        "tasksync status 'finance/*' --format csv",
    ),
    "drift": ("tasksync drift", "tasksync drift --detailed-exitcode         # exit 2, at night"),
    "fleet": (
        "tasksync fleet plan fleet.yaml --out plans/     # then: fleet apply --expect plans/",
        "tasksync fleet status --overdue --format html > late.html",
        "tasksync fleet apply --yes --label eu --jobs 8",
        "tasksync fleet apply --yes --on dask:tcp://scheduler.internal:8786",
    ),
    "undo": (
        "tasksync undo                              # what the last run did; asks",
        "tasksync undo 5f2c --out undo.json         # then: tasksync apply undo.json",
    ),
    "accept": (
        "tasksync accept report.deadline            # one value",
        "tasksync accept 'hr/*'                     # all that people changed there",
    ),
    "history": (
        "tasksync history",
        "tasksync history show last                 # each change, before and after",
        "tasksync history show 3f2a9c1b --json",
    ),
    "init": ("tasksync init --project office --timezone Europe/Berlin",),
    "import": (
        "tasksync import --open --out tasks.yaml    # from the portal",
        "tasksync import plan.xlsx --out tasks.yaml # from a spreadsheet",
        "tasksync import --match                    # what exists already, by title",
    ),
    "state": (
        "tasksync state list",
        "tasksync state mv old-key new-key",
        "tasksync state pull > backup.json",
        "tasksync state unlock 5f2c…",
    ),
    "whoami": ("tasksync whoami",),
    "people": ("tasksync people petrova",),
    "groups": ("tasksync groups Finance",),
    "schema": ("tasksync schema manifest > manifest.schema.json",),
    "sandbox": (
        "tasksync sandbox",
        "tasksync sandbox --data portal.db --limits vendor",
    ),
    "completion": (
        "tasksync completion bash > ~/.local/share/bash-completion/completions/tasksync",
        "tasksync completion zsh > ~/.zfunc/_tasksync    # a folder of $fpath",
        "tasksync completion fish > ~/.config/fish/completions/tasksync.fish",
    ),
    "version": ("tasksync version",),
    "help": ("tasksync help apply",),
}


def examples_of(program: str) -> str:
    """Return the examples of `tasksync COMMAND [VERB]`, as an epilog; "" where there are none."""
    name, *verb = program.split()[1:] or ("",)
    calls = [call for call in EXAMPLES.get(name, ()) if verb in ([], call.split()[2:3])]
    return "".join(("examples:", *(f"\n  {call}" for call in calls))) if calls else ""
