"""What S3 answers beside an object, bounded: boto3 reads it whole, however long it is.

An error, or the answer to a write, has some hundred bytes. The object itself is read by the store,
in pieces.
"""

from __future__ import annotations

from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import HTTPClientError, ResponseStreamingError
from urllib3.exceptions import HTTPError

#: bytes; no error of S3 comes near
LONGEST = 1 << 20
_PIECE = 64 * 1024
_OK = 300


class TooLongAnswer(HTTPClientError):  # type: ignore[misc]  # botocore has no types
    """It was let go of; what was asked for may have been done all the same."""

    fmt = "the answer is longer than {most} MiB"


def bounded(client: Any) -> Any:
    """Return a client of boto3 that lets go of what is no answer of S3; the same one."""
    endpoint = client._endpoint  # noqa: SLF001 - nothing else leads to what sends and reads
    endpoint.http_session = _BoundedSession(endpoint.http_session)
    return client


class _BoundedSession:
    """Sends as another session does, and reads for itself what would be read whole."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send one request; raises TooLongAnswer, and what the other raises."""
        is_object, request.stream_output = request.stream_output, True
        answer = self._session.send(request)
        request.stream_output = is_object
        if is_object and answer.status_code < _OK:
            return answer
        return _Whole(answer, _content(answer.raw))

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


class _Whole(AWSResponse):  # type: ignore[misc]  # the same
    """An answer that was read already."""

    def __init__(self, answer: AWSResponse, content: bytes) -> None:
        super().__init__(answer.url, answer.status_code, answer.headers, answer.raw)
        self._content = content


def _content(raw: Any) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in raw.stream(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                raw.close()
                raise TooLongAnswer(most=LONGEST >> 20)
    except (HTTPError, OSError) as error:  # cut off, or it breaks HTTP
        raise ResponseStreamingError(error=error) from error
    return b"".join(pieces)
