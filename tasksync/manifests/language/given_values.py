"""Values given to parameters: from YAML with its types, from the text of a CSV's cell; their words.

`names` are dates that stand before those of `dates`: the parameters of a template around this.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tasksync.manifests.language.dates import Dates
from tasksync.manifests.language.parameters import Parameter, ParameterValue
from tasksync.manifests.unplaced import UnplacedProblem


def value_of(
    parameter: Parameter, written: object, dates: Dates, names: Mapping[str, date] | None = None
) -> ParameterValue:
    """Return a value as YAML gives it; a value of the parameter's own kind passes.

    Raises BadValue (AlreadyTold where it hangs on a date of `dates` that is at fault).
    """
    raise NotImplementedError


def value_of_cell(parameter: Parameter, cell: str, dates: Dates) -> ParameterValue:
    """Return the value of a CSV's cell that is trimmed and not empty; raises BadValue."""
    raise NotImplementedError


def values_of(
    parameters: Mapping[str, Parameter],
    written: Mapping[str, object],
    dates: Dates,
    names: Mapping[str, date] | None = None,
    *,
    cells: bool = False,
) -> tuple[dict[str, ParameterValue], list[UnplacedProblem]]:
    """Return the value of each parameter, defaults for those that are absent, and all faults.

    A name that is no parameter and one that is missing are faults too. An absent value is None.
    """
    raise NotImplementedError


def words_of(value: ParameterValue) -> str:
    """Return what stands in a text for a value: ISO for dates, lists with commas."""
    raise NotImplementedError
