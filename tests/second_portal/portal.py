"""The office behind a socket: routes, envelopes, limits, and faults on demand.

A fault is a dict: `kind`, and which request it meets: `at` (the k-th request that matches, from 1),
`times` (how many from there on), `method` and `path` (regular expressions), `does` (create, update
or delete: requests that do at least one such thing). Kinds:

status    answer `status` with error `code`; with `deed` after doing what was asked; `retry_after`
html      a page instead of JSON, status 200 unless said
garbage   broken JSON
empty     status 200 and no body
lost      the connection is closed; with `deed` after doing it
truncate  done, but the answer breaks off in the middle
late      answers `status` (504) at once and does it `seconds` later, by the portal's hours
drip      the same for the calls of a batch, one after another, `each` seconds apart
half      of a batch the first half is done, then `status` (502)
calls     of a batch every `every`-th call gets an error of `code`; with `deed` although it was done
missing   of a batch every `every`-th call is in neither results nor errors; `deed` as above
hang      done, and answered after `seconds`
swapped   of a batch each create's result stands under the next create's call id
old_id    of a batch each create is done, and the first one answered with the row of task `id`
hollow    of a batch the deletes are answered `result` ([]) and not done

`then` is called when a fault strikes; with `lasts` a fault goes on for so many seconds of the
portal's hours from its first request.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl

from second_portal.office import FIELDS, Office, RefusedError

LISTABLE = FIELDS | {"id", "createdDate", "changedDate", "closedDate", "dateStart"}
OPERATORS = {"$gt", "$gte", "$lt", "$lte", "$ne", "$contains", "$in"}
PREFIX = re.compile(r"(>=|<=|!=|>|<|!|%)?(\w+)$")
ALIASES = {">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte", "!": "$ne", "!=": "$ne"}
CALLS = 50
ABSENT = object()
NO_ANSWERS = {
    "html": b"<html><body>502</body></html>",
    "garbage": b'{"success":tr',
    "empty": b"",
}
#: status, body, headers, where the body breaks off
Reply: TypeAlias = tuple[int, bytes, dict[str, str], int | None]
#: does what a request asks for, and answers it
Do: TypeAlias = Callable[..., Reply]


class HangUpError(Exception):
    """The connection closes without an answer."""


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients that were killed."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the peace."""


class Limits:
    """The vendor's pace, measured at arrival; counts how often it was overrun."""

    def __init__(self, *, second: int = 10, minute: int = 300, running: int = 2) -> None:
        self.second, self.minute, self.running = second, minute, running
        self.arrivals: deque[float] = deque()
        self.slots = threading.Semaphore(running)
        self.lock = threading.Lock()
        self.over = {"second": 0, "minute": 0, "running": 0}
        self.signal = {"second": 429, "minute": 429, "running": 504}

    def arrive(self) -> int | None:
        """Note an arrival; the status to refuse it with, or None."""
        with self.lock:
            now = time.monotonic()
            while self.arrivals and self.arrivals[0] < now - 60:
                self.arrivals.popleft()
            last_second = sum(1 for at in self.arrivals if at > now - 1)
            self.arrivals.append(now)
            for name, full in (
                ("second", last_second >= self.second),
                ("minute", len(self.arrivals) > self.minute),
            ):
                if full:
                    self.over[name] += 1
                    return self.signal[name]
        return None


class SecondPortal:
    """The office on a loopback port; a context manager."""

    def __init__(self, office: Office | None = None, **readings: Any) -> None:
        self.office = office or Office(**readings)
        self.faults: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.limits: Limits | None = None
        self.auth: dict[str, Any] | None = None  # {"status", "code", "only": "writes" | None}
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.office.hours.close()
        self.server.shutdown()
        self.server.server_close()

    def fault(self, kind: str, **rule: Any) -> None:
        """Ask for a fault at a request to come."""
        self.faults.append({"kind": kind, "at": 1, "times": 1, "seen": 0} | rule)

    def end_faults(self) -> None:
        """Take every fault away."""
        self.faults.clear()

    def writes(self) -> list[tuple[str, int, dict[str, Any]]]:
        """Give every deed that was done, in order."""
        return list(self.office.deeds)

    # -- one request -------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version, timeout = "HTTP/1.1", 120
            wbufsize = -1  # one packet an answer: two of them wait 40 ms for each other

            def log_message(self, *_: Any) -> None:
                pass

            def _go(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                try:
                    status, body, headers, cut = portal.receive(
                        self.command, self.path, raw, dict(self.headers.items())
                    )
                    self._answer(status, body, headers, cut)
                except (HangUpError, BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                    with suppress(OSError):
                        self.connection.shutdown(socket.SHUT_RDWR)

            def _answer(
                self, status: int, body: bytes, headers: dict[str, str], cut: int | None
            ) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if cut is None else body[:cut])
                if cut is not None:
                    self.wfile.flush()
                    raise HangUpError

            do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _go  # noqa: N815

        return Handler

    def receive(
        self, method: str, target: str, raw: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        """Answer one request: status, body, headers, where the body breaks off."""
        path, _, query = target.partition("?")
        note = {"method": method, "path": path, "query": query, "raw": raw, "at": time.monotonic()}
        note["headers"] = headers
        self.office.hours.run_due()
        with self.lock:
            self.requests.append(note)
            fault = self._fault(method, path, raw)
        refused = self.limits.arrive() if self.limits else None
        if refused:
            note["status"] = refused
            return self._error(refused, "RATE_LIMITED", "QUERY_LIMIT_EXCEEDED", retry_after=1)
        if self.limits and not self.limits.slots.acquire(blocking=False):
            self.limits.over["running"] += 1
            if not self.limits.slots.acquire(timeout=30):
                return self._error(504, "QUEUE_TIMEOUT", "queue", retry_after=1)
        try:
            answer = self._answer(method, path, query, raw, headers, fault)
        finally:
            if self.limits:
                self.limits.slots.release()
        note["status"] = answer[0]
        note["answer"] = answer[1]
        return answer

    def _fault(self, method: str, path: str, raw: bytes) -> dict[str, Any] | None:
        hit = None
        doing = deeds_of(method, path, raw)
        for rule in self.faults:
            if not re.search(rule.get("method", ""), method):
                continue
            if not re.search(rule.get("path", ""), path):
                continue
            if "does" in rule and rule["does"] not in doing:
                continue
            rule["seen"] += 1
            if hit is None and rule["at"] <= rule["seen"] and self._goes_on(rule):
                hit = rule
        return hit

    def _goes_on(self, rule: dict[str, Any]) -> bool:
        if "lasts" not in rule:
            return bool(rule["seen"] < rule["at"] + rule["times"])
        now = self.office.hours.monotonic()
        return bool(now < rule.setdefault("since", now) + rule["lasts"])

    def _answer(
        self,
        method: str,
        path: str,
        query: str,
        raw: bytes,
        headers: dict[str, str],
        fault: dict[str, Any] | None,
    ) -> Reply:
        def do(raw: bytes = raw, **twist: Any) -> Reply:
            return self._perform(method, path, query, raw, headers, **twist)

        if fault is None:
            return do()
        fault.get("then", lambda: None)()
        kind = fault["kind"]
        if kind in ("calls", "missing", "swapped", "old_id", "hollow"):
            return do(twist=fault)
        answers: dict[str, Callable[[dict[str, Any], Do], Reply]] = {
            "status": self._status,
            "lost": self._lost,
            "truncate": self._truncated,
            "late": self._late,
            "drip": partial(self._drip, raw),
            "half": self._half,
            "hang": self._hang,
        }
        return answers.get(kind, self._no_answer)(fault, do)

    def _status(self, fault: dict[str, Any], do: Do) -> Reply:
        if fault.get("deed", False):
            do()
        return self._error(
            fault["status"],
            fault.get("code", "INTERNAL_ERROR"),
            fault.get("message", "made by a test"),
            retry_after=fault.get("retry_after"),
            header_only=fault.get("header_only", False),
        )

    def _no_answer(self, fault: dict[str, Any], do: Do) -> Reply:
        """Something that is no answer of the API; fails for a kind that there is not."""
        body = NO_ANSWERS[fault["kind"]]
        if fault.get("deed", False):
            do()
        kind = "text/html" if fault["kind"] == "html" else "application/json"
        return fault.get("status", 200), body, {"Content-Type": kind}, None

    def _lost(self, fault: dict[str, Any], do: Do) -> Reply:
        if fault.get("deed", False):
            do()
        raise HangUpError

    def _truncated(self, _fault: dict[str, Any], do: Do) -> Reply:
        status, body, more, _ = do()
        return status, body, more, max(1, len(body) // 2)

    def _late(self, fault: dict[str, Any], do: Do) -> Reply:
        self.office.hours.later(fault.get("seconds", 12), do)
        status, code = fault.get("status", 504), fault.get("code", "QUEUE_TIMEOUT")
        return self._error(status, code, "queue", retry_after=fault.get("retry_after", 1))

    def _drip(self, raw: bytes, fault: dict[str, Any], do: Do) -> Reply:
        for place, call in enumerate(json.loads(raw)["calls"]):
            alone = json.dumps({"calls": [call]}).encode()
            wait = fault.get("seconds", 30) + place * fault.get("each", 1)
            self.office.hours.later(wait, partial(do, alone))
        return self._error(fault.get("status", 502), "BITRIX_UNAVAILABLE", "one by one")

    def _half(self, fault: dict[str, Any], do: Do) -> Reply:
        do(half=True)
        return self._error(fault.get("status", 502), "BITRIX_UNAVAILABLE", "half")

    def _hang(self, fault: dict[str, Any], do: Do) -> Reply:
        answer = do() if fault.get("deed", True) else None
        time.sleep(fault["seconds"])
        return answer or do()

    # -- envelopes ---------------------------------------------------------------------------

    def _error(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        header_only: bool = False,
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        error: dict[str, Any] = {"code": code, "message": message}
        headers = {"X-Request-Id": "second_portal"}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
            if not header_only:
                error["retryAfter"] = retry_after
        body = json.dumps({"success": False, "error": error}, ensure_ascii=False)
        return status, body.encode(), headers, None

    def _good(
        self, data: Any, status: int = 200, **more: Any
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        headers = {}
        if self.office["pace_headers"]:
            headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "250"}
            headers["X-RateLimit-Reset"] = "30"
        document = {"success": True, "data": data, **more}
        try:
            body = json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half of a pair: only an escape can say it
            body = json.dumps(document).encode()
        return status, body, headers, None

    # -- routes ------------------------------------------------------------------------------

    def _perform(
        self,
        method: str,
        path: str,
        query: str,
        raw: bytes,
        headers: dict[str, str],
        **twist: Any,
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        try:
            self._authorise(method, path, raw, headers)
            body = self._json(method, raw, headers)
            return self._route(method, path, query, body, **twist)
        except RefusedError as no:
            return self._error(no.status, no.code, no.message)

    def _authorise(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> None:
        key = {name.lower(): value for name, value in headers.items()}.get("x-api-key")
        if not key:
            raise RefusedError(
                401, "MISSING_API_KEY", "API key required. Pass via X-Api-Key header."
            )
        if key != self.office["key"]:
            raise RefusedError(401, "INVALID_API_KEY", "Invalid API key")
        if self.auth is None:
            return
        reading = method == "GET" or (path == "/v1/batch" and not writes_in(raw))
        if self.auth.get("only") == "writes" and reading:
            return
        if self.auth.get("only") == "tasks" and path == "/v1/me":
            return
        raise RefusedError(self.auth["status"], self.auth["code"], "refused by the second portal")

    def _json(self, method: str, raw: bytes, headers: dict[str, str]) -> dict[str, Any]:
        if method not in ("POST", "PATCH"):
            return {}
        kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not kind.startswith("application/json") or not isinstance(body, dict):
            raise RefusedError(400, "VALIDATION_ERROR", "Missing Content-Type or broken JSON")
        return body

    def _route(  # noqa: PLR0911
        self, method: str, path: str, query: str, body: dict[str, Any], **twist: Any
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        match method, path.removeprefix("/v1").strip("/").split("/"):
            case "GET", ["me"]:
                return self._me()
            case "GET", ["tasks"]:
                rows, meta, more = self._list(parse_query(query))
                return self._good(rows, meta=meta, **more)
            case "POST", ["tasks", "search"]:
                rows, meta, more = self._list(body)
                return self._good(rows, meta=meta, **more)
            case "GET", ["tasks", "fields"]:
                return self._good({"fields": {name: {"type": "string"} for name in LISTABLE}})
            case "POST", ["tasks"]:
                task = self.office.create(body)
                if twist.get("twist", {}).get("kind") == "old_id":
                    task = self.office.tasks[twist["twist"]["id"]]
                row = self.office.row(task, None, one=True)
                return self._good(row, status=self.office["create_status"])
            case "POST", ["batch"]:
                return self._batch(body, **twist)
            case _, ["tasks", number]:
                return self._one(method, number, body)
            case "GET", ["users" | "workgroups" as listed, *rest]:
                return self._users(rest) if listed == "users" else self._groups()
        raise RefusedError(404, "NOT_FOUND", f"no route {method} {path}")

    def _me(self) -> tuple[int, bytes, dict[str, str], int | None]:
        if self.office["me"] == "404":
            raise RefusedError(404, "NOT_FOUND", "no route GET /v1/me")
        if self.office["me"] == "bare":
            return self._good({"type": "personal"})
        if self.office["me"] == "app":
            return self._good(
                {
                    "type": "oauth_app",
                    "portal": self.office["portal"],
                    "app": {"name": "Reports", "scopes": self.office["scopes"]},
                    "oauth": {"authorizeUrl": "https://second.example/oauth"},
                    "placements": [],
                }
            )
        ends = self.office["expires"]
        return self._good(
            {
                "type": "personal",
                "portal": self.office["portal"],
                "scopes": self.office["scopes"],
                "rateLimit": {"requestsPerSecond": 10},
                "accessMode": "READWRITE",
                "owner": {"name": "The Examiner"},
                "currentUser": {"bitrixUserId": self.office["owner"]},
                **({} if ends == "untold" else {"expiresAt": ends}),
            }
        )

    def _users(self, rest: list[str]) -> tuple[int, bytes, dict[str, str], int | None]:
        """Tell all users, whatever was asked for: filters of people are not promised anywhere."""
        self._needs("user")
        upper = self.office["users"] == "upper"
        rows = [
            {
                "ID": str(n),
                "NAME": one["name"],
                "LAST_NAME": "",
                "EMAIL": one["email"],
                "ACTIVE": one["active"],
            }
            if upper
            else {"id": n, "lastName": "", **one}
            for n, one in self.office.staff.items()
        ]
        if rest and rest[0].isdigit():
            return self._good(rows[int(rest[0]) - 1])
        return self._good(rows, meta={"total": len(rows), "hasMore": False})

    def _groups(self) -> tuple[int, bytes, dict[str, str], int | None]:
        self._needs("sonet_group")
        return self._good([{"id": str(n), "name": one} for n, one in self.office.groups.items()])

    def _needs(self, scope: str) -> None:
        if scope not in self.office["scopes"]:
            message = f"This endpoint requires '{scope}' scope"
            raise RefusedError(403, "SCOPE_DENIED", message)

    def _one(
        self, method: str, number: str, body: dict[str, Any]
    ) -> tuple[int, bytes, dict[str, str], int | None]:
        if not number.isdigit() or int(number) < 1:
            message = "Path parameter :id must be a positive integer"
            raise RefusedError(400, "INVALID_PARAMS", message)
        office = self.office
        match method:
            case "GET":
                with office.lock:
                    task = office.seen(int(number))
                    if task:
                        return self._good(office.row(task, None, one=True))
                if office["missing_get"] == "200":
                    return self._good([])
                raise RefusedError(404, office["missing_get"], f"task {number} not found")
            case "PATCH":
                return self._good(office.row(office.update(int(number), body), None, one=True))
            case "DELETE":
                office.delete(int(number))
                return 204, b"", {}, None
        raise RefusedError(404, "NOT_FOUND", "no such method")

    def _list(
        self, asked: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
        office = self.office
        limit = int(asked.get("limit") or 50)
        offset = int(asked.get("offset") or 0)
        if office["breaks_over"] and limit > office["breaks_over"]:
            raise RefusedError(502, "BITRIX_UNAVAILABLE", "page too long")
        rows = [t for t in office.listed() if matches(t, asked.get("filter") or {}, office)]
        order = asked.get("order") or {"id": "desc"}
        for name, way in order.items():
            if name not in LISTABLE:
                raise RefusedError(400, "UNKNOWN_SORT_FIELD", name)
            down = str(way).lower() == "desc" or bool(office["ignore_order"])
            rows.sort(key=lambda t, n=name: (t.get(n) is not None, t.get(n)), reverse=down)
        total = len(rows)
        page = rows[offset : offset + min(limit, office["page_cap"], 5000)]
        select = asked.get("select")
        if isinstance(select, str):
            select = [one.strip() for one in select.split(",")]
        more = offset + len(page) < total
        counted = len(page) if office["total"] == "page" else total
        meta: dict[str, Any] = {}
        match office["has_more"]:
            case "right":
                meta["hasMore"] = more
            case "true" | "false":
                meta["hasMore"] = office["has_more"] == "true"
        if total > 5000:
            meta["truncated"] = True
        if office["total"] in ("meta", "page"):
            meta["total"] = counted
        top = {"total": total} if office["total"] == "top" else {}
        return [office.row(task, select) for task in page], meta, top

    # -- batches -----------------------------------------------------------------------------

    def _batch(
        self, body: dict[str, Any], *, half: bool = False, twist: dict[str, Any] | None = None
    ) -> Reply:
        calls = body.get("calls")
        if not isinstance(calls, list) or not 1 <= len(calls) <= CALLS:
            message = "Array must contain at most 50 element(s)"
            raise RefusedError(400, "INVALID_REQUEST", message)
        ids = [str(call.get("id", place)) for place, call in enumerate(calls)]
        if len(set(ids)) != len(ids) or any(len(one) > 64 for one in ids):
            raise RefusedError(400, "INVALID_CALL", "call ids")
        done = calls[: (len(calls) + 1) // 2] if half else calls
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        meta: dict[str, Any] = {}
        for place, call in enumerate(done):
            name = ids[place]
            hit = self._struck(twist, place, call)
            try:
                result = self._done(call, meta, name, hit)
            except RefusedError as no:
                code = self.office["missing_call"] if no.status == 404 else no.code
                errors[name] = {"code": code, "message": no.message}
                continue
            if result is not ABSENT:
                self._told(hit, name, result, results, errors)
        self._mix_up(twist, dict(zip(ids, calls, strict=True)), results)
        return self._good(self._summed(len(calls), results, errors, meta))

    def _done(
        self, call: dict[str, Any], meta: dict[str, Any], name: str, hit: dict[str, Any] | None
    ) -> Any:
        return None if hit and not hit.get("deed") else self._call(call, meta, name)

    def _told(
        self,
        hit: dict[str, Any] | None,
        name: str,
        result: Any,
        results: dict[str, Any],
        errors: dict[str, Any],
    ) -> None:
        """Put a call's result, or what a fault makes of it, where it belongs."""
        if hit is None:
            results[name] = result
        elif hit["kind"] == "hollow":
            results[name] = hit.get("result", [])
        elif hit["kind"] == "calls":
            errors[name] = {"code": hit["code"], "message": hit.get("message", "a test")}
            if hit.get("retry_after"):
                errors[name]["retryAfter"] = hit["retry_after"]

    def _summed(
        self, count: int, results: dict[str, Any], errors: dict[str, Any], meta: dict[str, Any]
    ) -> dict[str, Any]:
        empty: Any = [] if self.office["errors_empty"] == "[]" else {}
        totals = {name: one["total"] for name, one in meta.items() if "total" in one}
        failed = len(errors)
        return {
            "results": results or ([] if self.office["results_empty"] == "[]" else {}),
            "totals": totals or empty,
            "errors": errors or empty,
            "summary": {"total": count, "failed": failed, "succeeded": count - failed},
            "meta": meta or empty,
        }

    def _struck(
        self, twist: dict[str, Any] | None, place: int, call: dict[str, Any]
    ) -> dict[str, Any] | None:
        if not twist or twist["kind"] in ("swapped", "old_id"):
            return None
        if twist["kind"] == "hollow":
            return twist if call.get("action") == "delete" else None
        return twist if place % twist.get("every", 1) == 0 else None

    def _mix_up(
        self, twist: dict[str, Any] | None, calls: dict[str, Any], results: dict[str, Any]
    ) -> None:
        """Put results of creates where they do not belong."""
        made = [name for name in results if calls[name].get("action") == "create"]
        if not twist or not made:
            return
        if twist["kind"] == "swapped":
            rows = [results[name] for name in made]
            results.update(zip(made, [*rows[1:], *rows[:1]], strict=True))
        elif twist["kind"] == "old_id":
            task = self.office.tasks[twist["id"]]
            results[made[0]] = self.office.row(task, None, one=True)

    def _call(  # noqa: C901, PLR0911
        self, call: dict[str, Any], meta: dict[str, Any], name: str
    ) -> Any:
        office, entity, action = self.office, call.get("entity"), call.get("action")
        params = call.get("params") or {}
        number = call.get("entityId")
        if entity == "users" and action == "get":
            return [{"ID": str(number), "NAME": f"Nom{number}", "ACTIVE": True}]
        if entity != "tasks":
            raise RefusedError(400, "UNKNOWN_ENTITY", f'Unknown entity "{entity}".')
        if action in ("get", "update", "delete") and not number:
            raise RefusedError(400, "MISSING_ENTITY_ID", f'Action "{action}" requires entityId.')
        match action:
            case "create":
                return office.row(office.create(params), None, one=True)
            case "get":
                with office.lock:
                    task = office.seen(int(number))
                    if task:
                        return office.row(task, None, one=True)
                if office["missing_call"] == "200":
                    return []
                raise RefusedError(404, "ENTITY_NOT_FOUND", f"task {number} not found")
            case "update":
                task = office.update(int(number), params)
                shapes = {"true": True, "null": None}
                shape = office["update_result"]
                return shapes[shape] if shape in shapes else office.row(task, None, one=True)
            case "delete":
                office.delete(int(number))
                shapes = {"true": True, "null": None, "[]": [], "object": {"id": number}}
                return {**shapes, "absent": ABSENT}[office["delete_result"]]
            case "list" | "search":
                rows, meta[name], _ = self._list(params)
                return rows
        raise RefusedError(400, "ACTION_NOT_SUPPORTED", str(action))


def deeds_of(method: str, path: str, raw: bytes) -> set[str]:
    """Tell what a request does: create, update, delete, or nothing of these."""
    if path == "/v1/batch":
        try:
            return {str(call.get("action")) for call in json.loads(raw)["calls"]}
        except (ValueError, KeyError, TypeError):
            return set()
    if (method, path) == ("POST", "/v1/tasks"):
        return {"create"}
    return {{"PATCH": "update", "DELETE": "delete"}.get(method, "")}


def writes_in(raw: bytes) -> bool:
    """Tell whether a batch writes anything."""
    try:
        calls = json.loads(raw)["calls"]
    except (ValueError, KeyError, TypeError):
        return True
    return any(call.get("action") in ("create", "update", "delete") for call in calls)


def parse_query(query: str) -> dict[str, Any]:
    """Read `filter[>id]=3&order[id]=asc` into what a search body would say."""
    out: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        head, _, rest = name.partition("[")
        keys = re.findall(r"\[([^\[\]]*)\]", "[" + rest) if rest else []
        if not keys:
            out[head] = json.loads(value) if value.startswith("{") else value
            continue
        into = out.setdefault(head, {})
        for key in keys[:-1]:
            into = into.setdefault(key, {})
        if keys[-1] == "":
            raise RefusedError(400, "INVALID_FILTER", name)
        into[keys[-1]] = value
    return out


def matches(task: dict[str, Any], wanted: dict[str, Any], office: Office) -> bool:
    """Tell whether a task passes a filter in any of the three syntaxes."""
    for name, value in wanted.items():
        found = PREFIX.match(name)
        if not found or found[2] not in LISTABLE:
            raise RefusedError(400, "INVALID_FILTER_FIELD", name)
        operator, field = ALIASES.get(found[1] or "", "=" if not found[1] else "%"), found[2]
        if field == "tags" and office["ignore_tag_filter"]:
            continue
        if field == "id" and office["ignore_id_filter"]:
            continue
        if field == "tags" and operator == "=" and isinstance(value, str):
            if not has_tag(task["tags"], value, office):
                return False
            continue
        tests = value.items() if isinstance(value, dict) else [(operator, value)]
        for sign, against in tests:
            if not holds(task.get(field), ALIASES.get(sign, sign), against):
                return False
    return True


def has_tag(have: list[str], want: Any, office: Office) -> bool:
    """Tell whether one of the tags is asked for, as this portal compares them."""
    if office["tag_filter"] == "nocase":
        return str(want).lower() in [one.lower() for one in have]
    return str(want) in have


def holds(have: Any, sign: str, want: Any) -> bool:  # noqa: C901, PLR0911
    """Tell whether one value stands so to another."""
    if isinstance(have, list):
        return want in have or str(want) in [str(one) for one in have]
    if sign not in OPERATORS | {"=", "%"}:
        raise RefusedError(400, "INVALID_FILTER_OPERATOR", sign)
    if sign == "$in" or isinstance(want, list):
        many = want if isinstance(want, list) else str(want).split(",")
        return str(have) in [str(one) for one in many]
    if isinstance(have, int):
        want = int(want)
    else:
        have, want = str(have), str(want)
    match sign:
        case "$gt":
            return bool(have > want)
        case "$gte":
            return bool(have >= want)
        case "$lt":
            return bool(have < want)
        case "$lte":
            return bool(have <= want)
        case "$ne":
            return bool(have != want)
        case "$contains" | "%":
            return str(want) in str(have)
    return bool(have == want)
