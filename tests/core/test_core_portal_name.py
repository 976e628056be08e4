"""A portal's name has one form."""

from __future__ import annotations

import pytest

from tasksync.core.portal_name import portal_name
from tasksync.core.state import PortalIdentity


@pytest.mark.parametrize(
    "text",
    [
        "acme.bitrix24.com",
        "Acme.bitrix24.com",
        "HTTPS://Acme.bitrix24.com/",
        "https://acme.bitrix24.com:443",
        "http://user@acme.bitrix24.com/company/?x=1#y",
        "//acme.bitrix24.com",
        " acme.bitrix24.com./ ",
    ],
)
def test_a_portal_has_one_name_however_it_is_written(text: str) -> None:
    assert portal_name(text) == "acme.bitrix24.com"
    assert PortalIdentity(text) == PortalIdentity("acme.bitrix24.com", host="somewhere")
    assert portal_name(portal_name(text)) == portal_name(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("", ""), ("Acme GmbH / Berlin", "acme gmbh / berlin"), ("https://a:8443/", "a:8443")],
)
def test_what_is_no_url_is_kept_but_for_its_case(text: str, name: str) -> None:
    assert portal_name(text) == name
