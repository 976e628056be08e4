r"""Our own secrets, and texts without them (design 9).

A secret is found however it was quoted: each of its characters plain, behind any number of
backslashes (JSON, JSON within JSON), as \uXXXX, as %XX, as %25XX, or as an HTML entity, mixed
as they come. What was encoded as a whole (base64) is found where that form was given as a secret.

From LONG characters on a secret is found wherever it stands, from SHORT on where it is a word of
its own. What is shorter, a number, or a word of our own formats cannot be taken out of every text
without breaking texts that never held it: `is_findable` tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from tasksync.core.fields import Value
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass, field

HIDDEN = "***"
SHORT, LONG = 6, 12
#: so many characters of a secret that was cut short are told from other texts
LEAST = 8
#: what a cut text ends in, and how many characters before it may be the beginning of a secret.
#: Many in a row are one, and no place is looked at twice, however many backslashes stand there
_ELLIPSIS = pattern_of(r"…+|(?<!\\)\\+u2026|(?<!\.)\.{3,}")
_BEFORE = 1000
#: the beginning of an escape
_CUT_ESCAPE = pattern_of(
    r"(?:\\+(?:u[0-9a-fA-F]{0,3})?|%(?:25)*2?[0-9a-fA-F]?|&#?[0-9A-Za-z]{0,8})\Z"
)
_LONGEST_ESCAPE = 32
#: so few letters and digits in a row are in many texts
_LONGEST_COMMON = 3

_PERCENT = pattern_of("%(?:25)*([2-7][0-9a-fA-F])")
_ASCII = pattern_of("u00([2-7][0-9a-fA-F])")
_ANY = pattern_of("u([0-9a-fA-F]{4})")
#: letters and digits that somebody quoted without need: where none are, the letters and digits of a
#: secret stand there plain
_QUOTED_WORD = "(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])"
_NEEDLESS = (
    ("u00", pattern_of(f"u00{_QUOTED_WORD}")),
    ("%", pattern_of(f"%(?:25)*{_QUOTED_WORD}")),
    ("&#", pattern_of("&#")),
)
#: the names that HTML has for signs of ASCII
NAMED = {
    "!": "excl", "#": "num", "$": "dollar", "%": "percnt", "(": "lpar", ")": "rpar",
    "*": "ast midast", "+": "plus", ",": "comma", ".": "period", "/": "sol", ":": "colon",
    ";": "semi", "=": "equals", "?": "quest", "@": "commat", "[": "lsqb lbrack", "\\": "bsol",
    "]": "rsqb rbrack", "^": "Hat", "_": "lowbar UnderBar", "`": "grave DiacriticalGrave",
    "{": "lcub lbrace", "|": "verbar vert VerticalLine", "}": "rcub rbrace",
    "&": "amp AMP", "<": "lt LT", ">": "gt GT", '"': "quot QUOT", "'": "apos",
}  # fmt: skip
_SIGNS = {name: sign for sign, names in NAMED.items() for name in names.split()}
_AMP = "(?:amp;|AMP;)"
_ENTITY = pattern_of(
    f"&{_AMP}*(?:#0*([0-9]{{2,4}});|#[xX]0*([0-9a-fA-F]{{2,3}});|({'|'.join(_SIGNS)});|(?<=;))"
)
_BACKSLASH = r"(?:\\|(?i:u005c|%(?:25)*+5c|&(?:amp;)*+(?:#(?:0*+92|x0*+5c)|bsol);))"
#: before a word: nothing of a word, or an escape that ends in a letter or a digit
_BEGIN = r"(?:(?<![0-9A-Za-z_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[2-7][0-9a-fA-F]))"
_END = "(?![0-9A-Za-z_])"
#: words of our formats and fields of the API: to hide them would break what others read
_WORDS = frozenset(
    """
    accept accepted access accomplices action actions active activity address adopted advice
    agreed allowances allowdelete allowempty allowreason apiversion apply_start asked_back
    auditors backward became because before blocks boolean by_person by_status calendar change
    changed changed_at changed_by changeddate changes checksum choice closeddate column command
    comments compared completed country counts create created createdby createddate datetime
    deadline declined default defaults deferred delete denied description destroy destroyed
    detail diagnostic digest directory drifted dropped due_seconds edited effect enddateplan
    ending enforce entries existing exit_code expires failed failures fieldpolicy fields
    filters foreach forget friday groupid groups guards handed_over happened heartbeat hidden
    holder holidays id_key id_value identity in_doubt inprogress integer intents interrupted
    is_there labels late_by left_out levels limits lineage listed locale locked managed marker
    markers maxdelete maxupdate maxvanished message method missing monday moved_from moved_to
    movedto narrowed normal not_kept not_started nothing onremove operation options other_owner
    outcome overdue parameters parent parentid partial password pending people per_minute per_second
    person policy portal postgres postgresql priority problems project projects protect
    protected put_right quarter ratchet reason received refusals refused region released remade
    remarks remembered remove removed renames replaced replaces report request requests resource
    responsible returned run_url sandbox saturday scopes seconds serial session severity
    skipped something sonet_group source sqlite standing stands started status strays summary
    sunday tasksync template templates thursday timezone touched tracked tuesday unanswered
    unchanged undoes undone undone_by unknown unmarked unproved unread unreadable update
    vanished version wanted warning wednesday weekend workdays written
    """.split()  # noqa: SIM905 - a hundred quotes more would hide them
)


def is_findable(secret: str) -> bool:
    """Tell whether a secret can be taken out of any text without breaking others."""
    if len(secret) < LONG:
        return len(secret) >= SHORT and not secret.isdigit() and secret.lower() not in _WORDS
    return True


def may_lack_a_secret(value: Value) -> bool:
    """Tell whether a secret may have been taken out of a field's value.

    Stars that somebody wrote look the same.
    """
    texts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(text, str) and HIDDEN in text for text in texts)


@dataclass(frozen=True, slots=True)
class _Secret:
    """One secret as it is, its longest `run` of letters and digits, and with every escape undone.

    The run is "" where it is too short to tell much.
    """

    plain: str = field(repr=False)
    run: str = field(repr=False)
    folded: str = field(repr=False)

    @classmethod
    def of(cls, text: str, *, wide: bool) -> _Secret:
        """Return the secret that a text is."""
        run = max(re.findall("[0-9A-Za-z]+", text), key=len, default="")
        return cls(text, run if len(run) >= _LONGEST_COMMON else "", _folded(text, wide=wide))

    def cut(self, text: str) -> str:
        """Return a text that may hold the secret in any form without it."""
        if len(self.plain) >= LONG and f"\\{self.plain}" not in text:
            text = text.replace(self.plain, HIDDEN)
        return text if self.plain not in text else self.cut_quoted(text)

    def cut_quoted(self, text: str) -> str:
        """Return a text without the secret, looked for sign by sign: only where it is."""
        for word in dict.fromkeys((self.folded, self.plain)):
            if word:
                text = re.sub(_quoted(word), HIDDEN, text)
        return text

    def without_beginning(self, whole: str, folded: str) -> str | None:
        """Return a text without the beginning of the secret that it ends in; None for no such end.

        `folded` is the text with every escape undone.
        """
        if self.folded[:LEAST] not in folded[-len(self.folded) :]:
            return None
        for length in range(min(len(self.folded), len(folded)), LEAST - 1, -1):
            beginning = self.folded[:length]
            if folded.endswith(beginning):
                kept = whole[:-length]
                if whole.endswith(beginning) and not kept.endswith("\\"):
                    return kept
                parts = list(_at_the_end(beginning).finditer(whole))
                return whole[: parts[-1].start()] if parts else None
        return None


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one run, longest first; those that cannot be found are left out."""

    texts: frozenset[str] = field(default=frozenset(), repr=False)
    _known: tuple[_Secret, ...] = field(default=(), init=False, repr=False, compare=False)
    _wide: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {text for text in self.texts if is_findable(text)}
        wide = {text for text in found if not text.isascii()}
        for text in wide:
            # bytes of the environment that are no UTF-8 are lone surrogates in it
            percent = quote(text, safe="", errors="surrogatepass")
            lower = re.sub("%..", lambda one: one[0].lower(), percent)
            found |= {percent, lower, quote(text, errors="surrogatepass")}
        ordered = sorted(found, key=lambda one: (-len(one), one))
        known = tuple(_Secret.of(text, wide=bool(wide)) for text in ordered)
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_wide", bool(wide))

    def __bool__(self) -> bool:
        return bool(self._known)

    def also(self, texts: Iterable[str | None]) -> Secrets:
        """Return these secrets and more."""
        more = self.texts.union(text for text in texts if text)
        return self if more == self.texts else Secrets(more)

    def without(self, text: str) -> Secrets:
        """Return the secrets that a text does not hold: what it says is said openly."""
        there = {one.plain for one in self._known if self._is_in(one, text)}
        return Secrets(self.texts - there) if there else self

    def are_in(self, text: str) -> bool:
        """Tell whether one of these secrets stands in a text, as `redact` finds it, and whole."""
        folded = _folded(text, wide=self._wide)
        return any(
            (one.plain in text or (one.folded and one.folded in folded))
            and one.cut_quoted(text) != text
            for one in self._known
        )

    def redact(self, text: str) -> str:
        """Return a text without our secrets. JSON stays JSON: what is cut out ends no escape.

        Of a long one its beginning too, where a text was cut short before it was seen here.
        """
        if self._known and ("…" in text or "u2026" in text or "..." in text):
            text = self._without_beginnings(text)
        if not self.may_be_in(text):
            return text
        for one in self._known:
            if one.plain in text:
                text = one.cut(text)
        if "\\" in text or "%" in text or "&" in text:
            folded = _folded(text, wide=self._wide)
            for one in self._known:
                if one.folded and one.folded in folded:
                    text = one.cut_quoted(text)
        return text

    def _without_beginnings(self, text: str) -> str:
        """Return a text without the beginning of a secret before any ellipsis.

        An escape that was cut through is taken out with it.
        """
        long = [one for one in self._known if len(one.plain) >= LONG]
        parts: list[str] = []
        end = 0
        for found in _ELLIPSIS.finditer(text):
            before = text[max(end, found.start() - _BEFORE) : found.start()]
            cut = _CUT_ESCAPE.search(before, max(0, len(before) - _LONGEST_ESCAPE))
            whole = before[: cut.start()] if cut else before
            folded = _folded(whole, wide=self._wide)
            for one in long:
                if (kept := one.without_beginning(whole, folded)) is not None:
                    parts += (text[end : found.start() - len(before)], kept, HIDDEN)
                    end = found.start()
                    break
        return "".join([*parts, text[end:]]) if parts else text

    def _is_in(self, one: _Secret, text: str) -> bool:
        return one.plain in text or bool(
            one.folded and one.folded in _folded(text, wide=self._wide)
        )

    def may_be_in(self, text: str) -> bool:
        """Tell quickly, of a whole body, whether there is anything to look for."""
        if any(one.run in text for one in self._known):
            return True
        return bool(self._known) and any(
            first in text and pattern.search(text) for first, pattern in _NEEDLESS
        )

    def redact_bytes(self, body: bytes) -> bytes:
        """Return a body of any encoding that holds ASCII as itself without our secrets."""
        if not self._known:
            return body
        # Latin-1 costs nothing; whatever is no UTF-8 comes out as it went in
        kind, errors = ("utf-8", "surrogateescape") if self._wide else ("latin-1", "strict")
        text = body.decode(kind, errors)
        redacted = self.redact(text)
        return body if redacted is text else redacted.encode(kind, errors)

    def redact_data(self, value: Any) -> Any:
        """Return plain data (JSON's) whose texts, names of fields excepted, are redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {name: self.redact_data(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_data(one) for one in value]
        return value

    def redact_value(self, value: Value) -> Value:
        """Return the value of a field whose texts are redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, tuple):
            texts = tuple(self.redact(one) for one in value if isinstance(one, str))
            return texts or value
        return value


NO_SECRETS = Secrets()


def _folded(text: str, *, wide: bool) -> str:
    """Return a text with every escape undone, to be searched and never shown.

    `wide`: of characters beyond ASCII too.
    """
    if wide and "%" in text:
        text = unquote(re.sub("%(?:25)+", "%", text), errors="replace")
    for _ in range(3):  # an escape inside an escape inside an escape
        before = text
        if "%" in text:
            text = _PERCENT.sub(_of_hex, text)
        if "\\" in text:
            text = text.replace("\\", "")
        if wide and "u" in text:
            text = _ANY.sub(_of_hex, text)
        elif "u00" in text:
            text = _ASCII.sub(_of_hex, text)
        if "&" in text:
            text = _ENTITY.sub(_of_entity, text)
        if text == before:
            break
    return text


def _of_hex(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _of_entity(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _SIGNS[name]
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else ord("&")
    return chr(code)


@lru_cache(maxsize=256)
def _at_the_end(word: str) -> re.Pattern[str]:
    return re.compile(_quoted(word) + r"\Z")


def _quoted(word: str) -> str:
    """Return the pattern of a secret, however it is quoted; it takes backslashes before it too.

    Each step takes what it can and gives nothing back, so that no text makes it slow.
    """
    word = re.sub(r"\\+", r"\\", word)
    between = f"{_BACKSLASH}{{0,128}}+"
    signs = (
        f"{'' if one == chr(92) or not at else between}{_sign(one)}" for at, one in enumerate(word)
    )
    pattern = rf"(?<!\\)\\*+{''.join(signs)}" if word[0] != "\\" else "".join(signs)
    if len(word) >= LONG:
        return pattern
    begin, end = (_is_of_a_word(one) for one in (word[0], word[-1]))
    return f"{_BEGIN if begin else ''}{pattern}{_END if end else ''}"


def _sign(sign: str) -> str:
    """Return the pattern of one character, however it is quoted."""
    code = ord(sign)
    if sign == "\\":
        return f"{_BACKSLASH}{{1,128}}+"
    forms = [re.escape(sign), f"(?i:u{code:04x})"]
    forms.append(f"&{_AMP}*+#(?:0*+{code}|[xX]0*+(?i:{code:x}));")
    percent = "".join(f"%(?:25)*+{one:02x}" for one in sign.encode("utf-8", "surrogatepass"))
    forms.append("%(?:25)++" if sign == "%" else f"(?i:{percent})")
    if sign in NAMED:
        names = "|".join(NAMED[sign].split())
        forms.insert(0, f"&{_AMP}++" if sign == "&" else f"&{_AMP}*+(?:{names});")
    return f"(?:{'|'.join(forms)})"


def _is_of_a_word(sign: str) -> bool:
    return sign == "_" or (sign.isascii() and sign.isalnum())
