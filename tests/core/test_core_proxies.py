"""NO_PROXY as curl reads it, and proxies that can never work."""

from __future__ import annotations

import pytest

from tasksync.core.proxies import bypassed, proxy_for
from tasksync.errors import SettingsError


@pytest.mark.parametrize(
    ("host", "passed", "direct"),
    [
        ("10.255.255.1", "10.0.0.0/8", True),
        ("10.255.255.1", "10.1.2.3/8", True),
        ("11.0.0.1", "10.0.0.0/8", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.10", "10.0.0.1", False),
        ("10.0.0.1", "0.0.0.0/0", True),
        ("192.168.3.7", "10.0.0.0/8, 192.168.0.0/16", True),
        ("fd00::1", "fd00::/8", True),
        ("[fd00::1]", "fd00::/8", True),
        ("fd00::1", "[fd00::1]", True),
        ("fd00::1", "FD00:0::1", True),
        ("fd00::1", "10.0.0.0/8", False),
        ("10.0.0.1", "::/0", False),
        ("10.0.0.1", "0.0.1", False),
        ("10.0.0.1", "10.0.0.0/99", False),
        ("acme.bitrix24.com", "bitrix24.com", True),
        ("acme.bitrix24.com", ".bitrix24.com", True),
        ("bitrix24.com", ".bitrix24.com", True),
        ("acme.bitrix24.com.", "Bitrix24.COM", True),
        ("acme.bitrix24.com", "bitrix24.com.", True),
        ("mybitrix24.com", "bitrix24.com", False),
        ("acme.bitrix24.com", "24.com", False),
        ("acme.bitrix24.com", "*.bitrix24.com", False),
        ("acme.bitrix24.com", "10.0.0.0/8", False),
        ("acme.bitrix24.com", "*", True),
        ("acme.bitrix24.com", "localhost,*", True),
        ("acme.bitrix24.com", "a.example b.example  bitrix24.com", True),
        ("acme.bitrix24.com", "acme.bitrix24.com:443", True),
        ("acme.bitrix24.com", "acme.bitrix24.com:8443", False),
        ("10.0.0.1", "10.0.0.1:443", True),
        ("10.0.0.1", "10.0.0.1:80", False),
        ("fd00::1", "[fd00::1]:443", True),
        ("fd00::1", "[fd00::1]:80", False),
        ("acme.bitrix24.com", "", False),
        ("acme.bitrix24.com", " , .,:443", False),
    ],
)
def test_no_proxy_is_read_as_curl_reads_it(host: str, passed: str, direct: bool) -> None:  # noqa: FBT001
    assert bypassed(host, 443, passed) is direct


@pytest.mark.parametrize(
    ("env", "name", "url"),
    [
        ({"HTTPS_PROXY": "http://p:3128"}, "HTTPS_PROXY", "http://p:3128"),
        ({"https_proxy": "p:3128"}, "https_proxy", "http://p:3128"),
        ({"HTTPS_PROXY": "http://u:secret@p"}, "HTTPS_PROXY", "http://u:secret@p"),
        ({"https_proxy": " ", "ALL_PROXY": "http://[::1]:1"}, "ALL_PROXY", "http://[::1]:1"),
        ({"https_proxy": "http://low", "HTTPS_PROXY": "http://up"}, "https_proxy", "http://low"),
    ],
)
def test_a_proxy_is_found_with_the_variable_that_names_it(
    env: dict[str, str], name: str, url: str
) -> None:
    found = proxy_for("https", "portal.example", 443, env)
    assert found is not None
    assert (found.name, found.url) == (name, url)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("http://:3128", "without a host"),
        ("http://", "without a host"),
        ("http://u:secret@:3128", "without a host"),
        ("http://u:secret@p:99999", "port"),
        ("http://p:0", "port"),
        ("http://p:word", "port"),
        ("http://p q:1", "host"),
        ("http://[::1:1", "host"),
        ("ftp://u:secret@p:1", '"ftp"'),
        ("sock5://p:1", '"sock5"'),
        ("socks5://u:secret@p:1", "driver"),
        ("socks5h://p:1", "pip install pysocks"),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_can_never_work_is_told_by_the_name_of_its_variable(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        proxy_for("https", "portal.example", 443, {name: value})
    assert caught.value.message.startswith(name)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_proxy_that_no_proxy_passes_by_is_not_judged() -> None:
    env = {"HTTPS_PROXY": "http://:3128", "NO_PROXY": "portal.example"}
    assert proxy_for("https", "portal.example", 443, env) is None


def test_a_socks_proxy_with_its_driver_is_used() -> None:
    found = proxy_for("https", "portal.example", 443, {"ALL_PROXY": "socks5h://p:1"}, lambda: True)
    assert found is not None
    assert found.url == "socks5h://p:1"
