"""The extra fields of `GET /v1/tasks/fields` (contract 2.7): names, types, and what may be written.

`data.fields` is an object by name, or a list of objects with names; entries hold `type` and
`readonly`. That several values are taken is told by a flag or by `[]` behind the type. Names come
as UF_CRM_TASK, as ufCrmTask, or as both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import is_extra
from tasksync.errors import PortalUnreadable
from tasksync.portal.messages import PortalRequest
from tasksync.portal.requester import Requester

_DOING = "Asking which fields there are"
_YES = frozenset({"1", "y", "true"})
_NAMES = ("name", "code", "id", "fieldName", "FIELD_NAME")
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "bool": "boolean",
        "int": "integer",
        "float": "double",
        "number": "double",
        "enum": "enumeration",
    }
)


def asked(requester: Requester) -> Mapping[str, ExtraField]:
    """Ask the portal for its extra fields; raises PortalUnreadable where it lists no fields."""
    data = requester.ask(PortalRequest("GET", "/v1/tasks/fields"), _DOING).data
    told = data.get("fields", data) if isinstance(data, dict) else data
    if not isinstance(told, dict | list):
        raise PortalUnreadable(
            f"{_DOING}: the portal's answer is no list of fields.",
            "Nothing was written. Take fields: out of the manifest, or report this line.",
        )
    return {field.name: field for field in _listed(told)}


def _listed(told: dict[str, Any] | list[Any]) -> Iterator[ExtraField]:
    """Yield the extra fields; of two entries of one the later counts: that of the exact name."""
    rows = told.items() if isinstance(told, dict) else [(_name_in(one), one) for one in told]
    for name, row in sorted(rows, key=lambda pair: is_extra(str(pair[0]))):
        known = upper(str(name))
        if is_extra(known):
            yield _field(known, row if isinstance(row, dict) else {})


def _name_in(row: Any) -> str:
    found = [row.get(one) for one in _NAMES] if isinstance(row, dict) else [row]
    return next((one for one in found if isinstance(one, str)), "")


def _field(name: str, row: Mapping[str, Any]) -> ExtraField:
    kind = str(row.get("type") or row.get("TYPE") or "string").strip().lower()
    several = kind.endswith("[]") or any(_says(row, one) for one in ("multiple", "isMultiple"))
    kind = kind.removesuffix("[]")
    read_only = any(_says(row, one) for one in ("readonly", "readOnly", "isReadOnly"))
    # a binding to CRM entities takes several unless the portal says otherwise (UF_CRM_TASK)
    unsaid = "multiple" not in row and "isMultiple" not in row
    several = several or (kind == "crm" and unsaid)
    return ExtraField(name, _WORDS.get(kind, kind), several, not read_only)


def _says(row: Mapping[str, Any], name: str) -> bool:
    return str(row.get(name, row.get(name.upper()))).lower() in _YES


def upper(name: str) -> str:
    """Return UF_CRM_TASK for ufCrmTask, and ufAuto583 as UF_AUTO_583; other names as they are."""
    if not name.startswith("uf") or "_" in name:
        return name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "_", name).upper()
