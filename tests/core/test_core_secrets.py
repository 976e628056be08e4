"""Our secrets in a text: found however they are quoted, and nothing else is touched."""

from __future__ import annotations

import json
import time
from html.entities import html5
from pathlib import Path

import pytest
from planting import FORMS, SECRETS, told

from tasksync.core.run_url import shown, tokens_of
from tasksync.core.secrets import LONG, NAMED, SHORT, Secrets, is_findable
from tasksync.http_bounds import NAMES

IRREGULAR = (
    "a&b<c>\"d'\\\\eee%41x",
    "пароль-12345-ё",
    'vibe/live+9f8e"7d6c5b4a',
    "S3CR/ET",
    "hunter2",
)
#: a variable of the environment may hold bytes that are no UTF-8
BYTES = b"vibe_api_\xff\xfe_12345".decode("utf-8", "surrogateescape")
SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [*SECRETS.values(), *IRREGULAR])
def test_a_secret_is_found_in_every_form(secret: str, form: str) -> None:
    """In text, in bytes of no encoding, after a line end and beside other escapes."""
    quoted = FORMS[form](secret)
    secrets = Secrets(frozenset([secret]))
    assert secrets.redact(f"<a>{quoted}</a> \\n{quoted}, {quoted}").count("***") == 3
    body = f"<a>{quoted}</a>".encode() + b"\xff\xfe"
    assert secrets.redact_bytes(body) == b"<a>***</a>\xff\xfe"


@pytest.mark.parametrize("form", FORMS)
def test_json_stays_json(form: str) -> None:
    """Whatever stands before and after a secret."""
    for secret in (*SECRETS.values(), *IRREGULAR):
        for before in ("", "\\\\", '\\"', "\\n", "\\u0041 ", "\\/"):
            text = f'{{"a": "{before}{FORMS[form](secret)}\\"", "b": 1}}'
            redacted = Secrets(frozenset([secret])).redact(text)
            assert json.loads(redacted)["b"] == 1
            assert "***" in redacted


@pytest.mark.parametrize("first", ["n", "t", "u00412345", "\\"])
def test_a_secret_that_begins_like_the_end_of_an_escape_breaks_no_json(first: str) -> None:
    """A line end and "abc…" holds "nabc…", as it is written."""
    secret = f"{first}abcdefghijkl"
    for text in ('"\\nabcdefghijkl"', '"\\tabcdefghijkl"', '"x\\u00412345abcdefghijkl"'):
        json.loads(Secrets(frozenset([secret])).redact(text))


def test_a_short_secret_is_found_as_a_word_of_its_own() -> None:
    """Not inside of digests and names."""
    secrets = Secrets(frozenset(["hunter2"]))
    said = "hunter2, bob:hunter2@h, xhunter2y, hunter23, \\nhunter2"
    assert secrets.redact(said) == "***, bob:***@h, xhunter2y, hunter23, \\n***"


@pytest.mark.parametrize("secret", ["", "pw12", "12345678901", "status", "Deadline"])
def test_what_would_break_other_texts_is_no_secret_to_look_for(secret: str) -> None:
    """Too short, a number, a word of ours: said in the README, and warned of."""
    assert not is_findable(secret)
    text = f'{{"status": "{secret}", "id": 12345678901}}'
    assert Secrets(frozenset([secret])).redact(text) == text


def test_no_word_of_our_formats_is_taken_for_a_secret() -> None:
    """Every name and value that the schemas promise."""
    words: set[str] = set()

    def gather(schema: object) -> None:
        if isinstance(schema, dict):
            words.update(schema.get("properties") or ())
            words.update(str(one) for one in (schema.get("const"), *schema.get("enum", ())))
        for one in schema.values() if isinstance(schema, dict) else schema:  # type: ignore[attr-defined]
            if isinstance(one, dict | list):
                gather(one)

    for file in SCHEMAS.glob("*.schema.json"):
        gather(json.loads(file.read_text(encoding="utf-8")))
    short = {
        word for word in words if SHORT <= len(word) < LONG and word.replace("_", "").isalpha()
    }
    assert short
    assert not {word for word in short if is_findable(word)}


def test_a_secret_that_is_said_openly_is_left_out() -> None:
    """In whatever form YAML or a plan holds it."""
    both = Secrets(frozenset(["hp/W0rd-of-ours", "another-Secret-1"]))
    assert both.without("title: about hp\\/W0rd-of-ours").texts == {"another-Secret-1"}
    assert both.without("nothing") is both


@pytest.mark.parametrize(
    "text",
    [
        "\\" * 200_000,
        "a" * 200_000,
        "v\\" * 100_000,
        "%5c" * 70_000,
        "&amp;" * 40_000,
        "%25" * 70_000,
        "\\" * 200_000 + "…",
        "." * 200_000,
        "aaaaaaaaaaaaaaa..." * 10_000,
        "\\u0061aaaaaaa…" * 10_000,
    ],
)
def test_no_text_makes_looking_slow(text: str) -> None:
    """With a secret in it, so that everything is looked through; and the beginnings of one."""
    secret = "aaaaaaaaaaaaaaaab"
    began = time.perf_counter()
    found = Secrets(frozenset([secret])).redact(f"a{text}{secret} aaaaaaaaaaaaaaaa\\b")
    assert time.perf_counter() - began < 2
    assert secret not in found.replace("\\", "")


def test_secrets_stand_in_no_repr() -> None:
    """Nor in what it is made of."""
    secrets = Secrets(frozenset(SECRETS.values()))
    assert not told(repr(secrets) + repr(secrets._known))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://github.com/Org-Name/My.Repo/actions/runs/12345678901", True),
        ("https://gitlab.com/group/sub_group/-/jobs/123456789", True),
        ("https://ci.example/job/build%20all/12/console?view=logs&page=2#step:3", True),
        ("https://ci.example/jobs/@7", True),
        ("https://anna:S3CRET@ci.example/jobs/7", False),
        ("https://ci.example/hook/S3CRET-token/run", False),
        ("https://ci.example/run?token=S3CRET", False),
        ("https://ci.example/run?S3CRET", False),
        ("https://ci.example/run#access_token=S3CRET", False),
        ("https://ci.example/r/S3CRET000000", False),
        ("S3CRET@ci.example/7", False),
    ],
)
def test_the_url_of_a_run_is_shown_without_what_opens_a_door(url: str, *, kept: bool) -> None:
    """Names and numbers stay, so that people find the run; twice is as once."""
    assert (shown(url) == url) is kept
    assert "S3CRET" not in shown(url)
    assert shown(shown(url)) == shown(url)
    assert kept is not any("S3CRET" in one for one in tokens_of(url))


def test_every_name_that_html_has_for_a_sign_is_read_and_counted() -> None:
    """Those that Python knows, and in the bound of escapes the same."""
    known = {
        name.removesuffix(";"): sign
        for name, sign in html5.items()
        if name.endswith(";") and len(sign) == 1 and sign.isascii() and sign.isprintable()
    }
    assert {name: sign for sign, names in NAMED.items() for name in names.split()} == known
    assert {name.decode() for name in NAMES} == known.keys()


@pytest.mark.parametrize("text", [f"x {BYTES} y", json.dumps(f"x {BYTES} y")])
def test_a_secret_that_is_no_text_is_found_and_breaks_nothing(text: str) -> None:
    """Every command hides its key, before it can say what is wrong with it."""
    assert "vibe_api" not in Secrets(frozenset([BYTES])).redact(text)
    assert Secrets(frozenset([BYTES])).redact("nothing of it") == "nothing of it"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [8, 11, 15])
def test_the_beginning_of_a_long_secret_before_an_ellipsis_is_taken_out(
    form: str, length: int
) -> None:
    """A message may be cut through a secret before it comes to where secrets are taken out."""
    secret = "vibe_api_0123/456789abcdef"
    cut = FORMS[form](secret[:length])
    for before in ("", "x=", "at https://h/"):
        redacted = Secrets(frozenset([secret])).redact(f'"{before}{cut}…" and more')
        assert redacted == f'"{before}***…" and more'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vibe_api_0123\\…", "***…"),
        ("vibe_api_0123\\u00…", "***…"),
        ("vibe_api_0123%2…", "***…"),
        ("vibe_api_0123&#4…", "***…"),
        ("vibe_api_012...", "***..."),
        ("vibe_ap…", "vibe_ap…"),
        ("vibe_api_9…", "vibe_api_9…"),
        ("vibe_api_0123 …", "vibe_api_0123 …"),
        ("a\\u2026", "a\\u2026"),
        ("vibe_api_0\\u2026", "***\\u2026"),
    ],
)
def test_what_is_no_beginning_of_it_stays(text: str, told: str) -> None:
    """And an escape that was cut through goes along with it."""
    assert Secrets(frozenset(["vibe_api_0123/456789abcdef"])).redact(text) == told


def test_a_page_full_of_ellipses_stays_as_it_is() -> None:
    """And is not slow: what stands before each of them is looked at once."""
    text = ("vibe_api_%u002f&#4" * 200 + "…") * 200
    assert Secrets(frozenset(["vibe_api_0123/456789abcdef"])).redact(text) == text
