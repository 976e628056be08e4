"""The state as one object in S3, or in what speaks S3 and honours conditional writes.

s3://bucket/key?endpoint=https://minio.example&region=eu-central-1; credentials come the way
boto3 finds them (environment, profile, role). A write names the ETag that it replaces, or that
there must be none: the object itself settles who was first, and no lock beside it can disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as Unconnected,
)
from botocore.parsers import ResponseParserError

from tasksync.backends.bounds import within
from tasksync.backends.document import DocumentStore
from tasksync.backends.http_exchange import why_unreadable
from tasksync.backends.leases import Alive, Gone, nobody
from tasksync.backends.masking import masked, scrubbed, secrets_of
from tasksync.backends.patience import Tell, in_silence
from tasksync.backends.remote_document import Ambiguous, Copy, Other, Overtaken, unreadable_again
from tasksync.backends.s3_answers import bounded
from tasksync.core.ports import Clock
from tasksync.core.quoting import quoted
from tasksync.core.state import Lease
from tasksync.errors import SettingsError, StateError
from tasksync.http_bounds import LONGEST_BODY, read_within
from tasksync.late_patterns import pattern_of

_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "NoSuchKey"}
_PARAMETERS = {"endpoint", "region"}
#: an ETag that no object has
NO_TAG = f'"{"0" * 32}"'
#: seconds of one exchange as a whole, unless --timeout says otherwise
WHOLE = 100.0
_PIECE = 1 << 20
#: the id of a run that stands in a key as it is
_PLAIN_ID = pattern_of(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
ILL = 500  # from this status on the server is ill, and nothing is known


def open_s3(
    url: str,
    project: str,
    *,
    clock: Clock,
    ids: Callable[[], str],
    gone: Gone,
    alive: Alive = nobody,
    tell: Tell = in_silence,
    timeout: float = WHOLE,
) -> DocumentStore:
    """Return the store for s3://bucket/key; nothing is asked of the server yet."""
    at = S3Document(url, timeout)
    return DocumentStore(
        at, project, clock=clock, ids=ids, gone=gone, alive=alive, tell=tell, objects=at
    )


class S3Document:
    """One object. Before the first write counts, the server has refused what it had to refuse."""

    conditional = True

    def __init__(self, url: str, timeout: float = WHOLE) -> None:
        self._timeout = timeout
        self.where = masked(url)
        self._secrets = secrets_of(url)
        parts = urlsplit(url)
        self._bucket, self._key = parts.netloc, parts.path.lstrip("/")
        more = dict(parse_qsl(parts.query))
        if (
            not self._bucket
            or not self._key
            or self._key.endswith("/")
            or more.keys() - _PARAMETERS
        ):
            raise SettingsError(
                f"The state {quoted(self.where)} names no object.",
                "It is written s3://bucket/key?endpoint=https://host&region=name, "
                "the last two where they are needed.",
            )
        self._endpoint, self._region = more.get("endpoint"), more.get("region")
        self._made: Any = None
        self._proven = False
        self._seen: Copy | None = None  # as read last, until the server is proven

    def read(self) -> Copy | None:
        """The object, or None."""
        with self._translated("read"):
            copy = self._there(self._key)
        if copy is not None:
            self._seen = None if self._proven else copy
        return copy

    def write(self, body: bytes, over: str | None, _lease_id: str) -> str:
        """Put the object if it is still the one, or still none."""
        if why := why_unreadable(body):
            raise unreadable_again(self.where, why)
        if not self._proven and over is not None:
            self._prove(self._copy(over).body)
        tag = self._put(body, over)
        if not self._proven:
            self._prove(body)
        return tag

    def lock(self, _asked: Lease) -> Other | None:
        """S3 has no locks: the object decides."""

    def unlock(self, _lease_id: str) -> bool:
        """S3 has no locks."""
        return False

    def read_run(self, run: str) -> bytes | None:
        """What a run did: an object beside the state's, or None."""
        with self._translated("read what a run did beside", _RUN_ADVICE):
            copy = self._there(self._beside(run))
        return None if copy is None else copy.body

    def write_run(self, run: str, body: bytes) -> None:
        """Put what a run did beside the state's object."""
        if why := why_unreadable(body):
            raise unreadable_again(self.where, why)
        with self._translated("save what a run did beside", _RUN_ADVICE):
            within(self._timeout, lambda: self._sent(self._beside(run), body))

    def drop_run(self, run: str) -> None:
        """Take away what a run did; S3 says nothing where nothing is."""

        def drop() -> None:
            self._client().delete_object(Bucket=self._bucket, Key=self._beside(run))

        with self._translated("delete what an old run did beside", _RUN_ADVICE):
            within(self._timeout, drop)

    def _beside(self, run: str) -> str:
        """Return the key of a run's object: under its id, or a digest where that is no name."""
        name = run if _PLAIN_ID.fullmatch(run) else f"~{sha256(run.encode()).hexdigest()}"
        return f"{self._key}.runs/{name}.json"

    def _there(self, key: str) -> Copy | None:
        try:
            return within(self._timeout, lambda: self._got(key))
        except ClientError as error:
            if _code(error) in {"NoSuchKey", "404"}:
                return None
            raise

    def _copy(self, tag: str) -> Copy:
        """Return the object as it is under this tag; raises Overtaken when it is another."""
        if self._seen is None or self._seen.tag != tag:
            self.read()
        if self._seen is None or self._seen.tag != tag:
            raise Overtaken(f"Could not save the state {self.where}: another wrote meanwhile.")
        return self._seen

    def _got(self, key: str) -> Copy:
        answer = self._client().get_object(Bucket=self._bucket, Key=key)
        tag = _tag(answer)
        if not tag:
            raise StateError(
                f"Could not read the state {self.where}: the answer names no ETag, so nothing "
                "could be saved over it.",
                _NO_S3,
            )
        with closing(answer["Body"]) as body:
            return Copy(read_within(lambda: body.read(_PIECE), self._fits, self._unreadable), tag)

    def _fits(self, size: int) -> None:
        if size > LONGEST_BODY:
            raise StateError(
                f"Could not read the state {self.where}: it is longer than "
                f"{LONGEST_BODY >> 20} MiB."
            )

    def _unreadable(self, body: bytes) -> StateError | None:
        why = why_unreadable(body)
        return StateError(f"Could not read the state {self.where}: it {why}.") if why else None

    def _put(self, body: bytes, over: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over}

        with self._translated("save"):
            return within(self._timeout, lambda: self._sent(self._key, body, **condition))

    def _sent(self, key: str, body: bytes, **condition: str) -> str:
        answer = self._client().put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", **condition
        )
        tag = _tag(answer)
        if not tag:
            raise Ambiguous(
                f"Could not save the state {self.where}: the answer names no ETag.", _NO_S3
            )
        return tag

    def _prove(self, there: bytes) -> None:
        """See that the server refuses both puts that it must refuse: many that speak S3 do not.

        What is put is what lies there already: on a server that takes it nothing is lost.
        """
        for name, over in (("If-None-Match", None), ("If-Match", NO_TAG)):
            try:
                self._put(there, over)
            except Overtaken:
                continue
            raise StateError(
                f"The server of {self.where} writes over what it was told not to: it does not "
                f"know {name}, and two runs could overwrite each other's state.",
                "Use a server that knows conditional writes (If-None-Match and If-Match), or keep "
                "the state in PostgreSQL.",
            )
        self._proven, self._seen = True, None

    def _client(self) -> Any:
        if self._made is None:
            config = Config(
                connect_timeout=min(10, self._timeout),
                read_timeout=min(20, self._timeout),  # well below a lease's time
                # an answer that is lost is looked for by us, not sent again by botocore
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if self._endpoint else "auto"},
            )
            where = {"endpoint_url": self._endpoint, "region_name": self._region}
            self._made = bounded(boto3.session.Session().client("s3", config=config, **where))
        return self._made

    @contextmanager
    def _translated(
        self, doing: str, advice: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._refused(doing, error, {**_ADVICE, **advice}) from error
        except NoCredentialsError as error:
            raise StateError(
                f"Could not {doing} the state {self.where}: no credentials for S3.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
            ) from error
        except (Unconnected, HTTPClientError, IncompleteReadError, ResponseStreamingError) as error:
            raise Ambiguous(
                f"Could not {doing} the state {self.where}: {self._words(error)}",
                "Is the server there? Run again when it is.",
            ) from error
        except TimeoutError:
            raise Ambiguous(
                f"Could not {doing} the state {self.where}: no whole answer within "
                f"{self._timeout:g} s.",
                "Is the server there? Run again when it is.",
            ) from None
        except RecursionError:  # boto3 follows, and its own trace would be thousands of lines
            raise StateError(
                f"Could not {doing} the state {self.where}: the server sends us on and on.",
                "Name its endpoint and region: s3://bucket/key?endpoint=https://host&region=name.",
            ) from None
        except _NO_ANSWER_OF_S3:  # their words hold the whole answer
            raise Ambiguous(
                f"Could not {doing} the state {self.where}: the answer is none of S3.", _NO_S3
            ) from None
        except (BotoCoreError, ValueError) as error:
            raise StateError(
                f"Could not {doing} the state {self.where}: {self._words(error)}"
            ) from error

    def _refused(self, doing: str, error: ClientError, advice: Mapping[str, str]) -> StateError:
        code, status = _code(error), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        what = f"Could not {doing} the state {self.where}: {self._words(error)}"
        if code in _OVERTAKEN:
            return Overtaken(what)
        if status >= ILL or code == "SlowDown":
            return Ambiguous(what, "The server is ill or busy: run again later.")
        return StateError(what, advice.get(code, ""))

    def _words(self, error: Exception) -> str:
        return scrubbed(" ".join(str(error).split()), self._secrets)


#: what boto3 raises at answers that it cannot read, or in which it misses what it takes for granted
_NO_ANSWER_OF_S3 = (ResponseParserError, LookupError, TypeError, AttributeError)
_NO_S3 = "Is that S3, or a server that speaks it? Look at the endpoint."
_ADVICE = {
    "NoSuchBucket": "Make the bucket first; tasksync makes only the object.",
    "AccessDenied": "The credentials need s3:GetObject and s3:PutObject on this key, and "
    "s3:ListBucket on the bucket (without it S3 hides that a key is missing).",
    "NotImplemented": "Use a server that knows conditional writes, or keep the state in "
    "PostgreSQL.",
    "EntityTooLarge": "The state is too large for this server: keep it in PostgreSQL.",
    "InvalidAccessKeyId": "Look at AWS_ACCESS_KEY_ID.",
    "SignatureDoesNotMatch": "Look at AWS_SECRET_ACCESS_KEY and at the region.",
}
#: of the objects beside the state's
_RUN_ADVICE = {
    "AccessDenied": "The credentials need s3:GetObject, s3:PutObject and s3:DeleteObject on the "
    "state's key followed by .runs/* too.",
}


def _tag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag") or "")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
