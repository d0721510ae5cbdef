"""
Lambda's Runtime API: what a runtime asks for, and how it answers.

One `RuntimeApi` serves one invocation at a time, over one connection that is kept; a streamed response goes over a
connection of its own, as Lambda wants it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jaystream._version import __version__
from jaystream.aws.runtime.connection import Connection, ConnectionLostError, Room
from jaystream.aws.runtime.invocation import Invocation
from jaystream.aws.runtime.marshal import to_json
from jaystream.aws.runtime.wire import Reply, chunk, last_chunk, request_head
from jaystream.errors import RuntimeApiError

if TYPE_CHECKING:
    from jaystream.aws.runtime.faults import Report

PATIENCE = 5.0
"""Seconds past the deadline for which a reply is waited for. Lambda has ended the process by then."""

RESPONSE_MODE = b"streaming"

_JSON = b"application/json"
_PREFIX = b"/2018-06-01/runtime"
_CAUSE_LIMIT = 1 << 20


class RuntimeApi:
    """
    A client of the Runtime API at *address*.

    Args:
        address: ``host:port``, as ``AWS_LAMBDA_RUNTIME_API`` gives it.

    Raises:
        ValueError: If *address* is no address.
    """

    def __init__(self, address: str) -> None:
        host, colon, port = address.rpartition(":")
        if not colon or not host or not port.isdecimal():
            raise ValueError(f"AWS_LAMBDA_RUNTIME_API must be host:port, not {address!r}")
        self._host, self._port = host.strip("[]"), int(port)
        agent = f"jaystream/{__version__} (python/{sys.version.partition(' ')[0]})"
        self._common = ((b"Host", address.encode("ascii")), (b"User-Agent", agent.encode("ascii")))
        self._next = request_head(b"GET", _PREFIX + b"/invocation/next", self._common)
        self._kept: Connection | None = None
        self._spare: Connection | None = None

    async def next(self) -> Invocation:
        """
        Wait for the next invocation, for however long the process may be frozen.

        Raises:
            RuntimeApiError: If the answer is none.
        """
        reply = await self._exchange("GET /runtime/invocation/next", self._next, None)
        if reply.status != 200:
            raise RuntimeApiError("GET /runtime/invocation/next", _told(reply))
        return Invocation(reply)

    async def respond(self, invocation: Invocation, body: bytes, content_type: bytes) -> Reply:
        """
        Answer with a whole body.
        """
        headers = [(b"Content-Type", content_type), *self._echo(invocation)]
        return await self._post(invocation.path + b"/response", headers, body, _limit(invocation))

    async def fail(self, invocation: Invocation, report: Report) -> Reply:
        """
        Answer with an error, where nothing of a response has been sent.
        """
        cause = json.dumps(report.cause).encode("ascii")
        headers = [
            (b"Content-Type", _JSON),
            (b"Lambda-Runtime-Function-Error-Type", report.header),
            *([(b"Lambda-Runtime-Function-XRay-Error-Cause", cause)] if len(cause) < _CAUSE_LIMIT else ()),
            *self._echo(invocation),
        ]
        return await self._post(invocation.path + b"/error", headers, _encoded(report), _limit(invocation))

    async def fail_init(self, report: Report) -> Reply:
        """
        Say that the function cannot be started.
        """
        return await self._post(_PREFIX + b"/init/error", _error_headers(report), _encoded(report), PATIENCE)

    async def fail_restore(self, report: Report) -> Reply:
        """
        Say that the function cannot go on from its snapshot.
        """
        return await self._post(_PREFIX + b"/restore/error", _error_headers(report), _encoded(report), PATIENCE)

    async def wait_for_restore(self) -> None:
        """
        Say that a snapshot may be taken, and wait until the process is restored from it.

        Raises:
            RuntimeApiError: If the answer is none.
        """
        head = request_head(b"GET", _PREFIX + b"/restore/next", self._common)
        reply = await self._exchange("GET /runtime/restore/next", head, None)
        if reply.status != 200:
            raise RuntimeApiError("GET /runtime/restore/next", _told(reply))

    async def prepare_upload(self) -> None:
        """
        Connect for the next streamed response while there is time: between two invocations, but not at a cold start.

        Lambda's Runtime API closes no connection that is idle. Where another one does, `open_upload` connects anew.
        """
        if self._kept is not None and (self._spare is None or self._spare.lost is not None):
            with contextlib.suppress(OSError):
                self._spare = await Connection.open(self._host, self._port)

    async def open_upload(self, invocation: Invocation) -> Upload:
        """
        Give a connection of its own to a streamed response; nothing is sent yet.

        Raises:
            RuntimeApiError: If nobody listens.
        """
        connection, self._spare = self._spare, None
        if connection is None or connection.lost is not None:
            connection = await self._connect("POST /runtime/invocation/response")
        return Upload(connection, invocation, [*self._common, *self._echo(invocation)])

    def keep(self, upload: Upload) -> None:
        """
        Take back the connection of an upload that never began.
        """
        if self._spare is None and not upload.begun:
            self._spare = upload.connection
        else:
            upload.close()

    def close(self) -> None:
        """
        Close every connection.
        """
        for connection in (self._kept, self._spare):
            if connection is not None:
                connection.close()
        self._kept = self._spare = None

    async def _post(self, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes, limit: float) -> Reply:
        length = (b"Content-Length", b"%d" % len(body))
        head = request_head(b"POST", target, [*self._common, *headers, length])
        return await self._exchange(f"POST {target.decode('ascii').removeprefix('/2018-06-01')}", head + body, limit)

    async def _exchange(self, endpoint: str, request: bytes, limit: float | None) -> Reply:
        """Send a request over the connection that is kept, and over a new one where that has been closed meanwhile."""
        while True:
            connection, reused = self._kept, True
            if connection is None or connection.lost is not None:
                connection, reused = await self._connect(endpoint), False
                self._kept = connection
            try:
                connection.expect()
                connection.send(request)
                return await connection.reply(limit)
            except ConnectionLostError as error:
                if not (reused and error.untouched):
                    raise RuntimeApiError(endpoint, str(error)) from error
            except BaseException:
                connection.close()  # a reply to this may still come
                raise

    async def _connect(self, endpoint: str) -> Connection:
        try:
            return await Connection.open(self._host, self._port)
        except OSError as error:
            raise RuntimeApiError(endpoint, f"cannot connect to {self._host}:{self._port}: {error}") from error

    @staticmethod
    def _echo(invocation: Invocation) -> Iterable[tuple[bytes, bytes]]:
        found = invocation.invocation_id
        return () if found is None else ((b"Lambda-Runtime-Invocation-Id", found),)


class Upload:
    """
    A streamed response on its way: its head goes with the first bytes, and after the last comes how it ended.

    Attributes:
        connection: What it goes over.
        begun: Whether anything has been sent.
    """

    def __init__(self, connection: Connection, invocation: Invocation, headers: list[tuple[bytes, bytes]]) -> None:
        self.connection = connection
        self.begun: bool = False
        self._invocation = invocation
        self._headers = headers

    def begin(self, content_type: str, first: bytes = b"") -> Room | None:
        """
        Send the head, and *first* as a chunk of its own with it.

        Raises:
            ValueError: If *content_type* cannot stand in a header.
        """
        head = request_head(
            b"POST",
            self._invocation.path + b"/response",
            [
                *self._headers,
                (b"Content-Type", content_type.encode("latin-1")),
                (b"Lambda-Runtime-Function-Response-Mode", RESPONSE_MODE),
                (b"Transfer-Encoding", b"chunked"),
                (b"Trailer", b"Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"),
            ],
        )
        self.begun = True
        self.connection.expect()
        return self.connection.send(head + chunk(first) if first else head)

    def send(self, data: bytes) -> Room | None:
        """
        Send a chunk.
        """
        return self.connection.send(chunk(data))

    def finish(self, trailers: Iterable[tuple[bytes, bytes]] = ()) -> Room | None:
        """
        Send the end.
        """
        return self.connection.send(last_chunk(trailers))

    @property
    def broken(self) -> str | None:
        """
        Why nothing more can be sent: the connection is lost, or was answered before the end.
        """
        answer = self.connection.answer if self.begun else None
        if answer is not None:
            return f"the Runtime API answered before the response's end: {_told(answer)}"
        return self.connection.lost

    async def reply(self) -> Reply:
        """
        Wait for the answer, for no longer than Lambda lets the process live, and close the connection.

        Raises:
            RuntimeApiError: If there is none.
        """
        try:
            return await self.connection.reply(_limit(self._invocation))
        except ConnectionLostError as error:
            raise RuntimeApiError("POST /runtime/invocation/response", str(error)) from error
        finally:
            self.close()

    def close(self) -> None:
        """
        Close the connection, sent or not.
        """
        self.connection.close()


def check(reply: Reply, endpoint: str) -> str | None:
    """
    Give what is wrong with a reply that refuses an answer; None for one that takes it.

    Raises:
        RuntimeApiError: If the sandbox is broken, as Lambda says by any status of 500 and above.
    """
    if reply.status >= 500:
        raise RuntimeApiError(endpoint, _told(reply))
    return None if 200 <= reply.status < 300 else f"the Runtime API refused {endpoint}: {_told(reply)}"


def _told(reply: Reply) -> str:
    return f"{reply.status} {reply.body[:200].decode('utf-8', 'replace')}".strip()


def _limit(invocation: Invocation) -> float:
    remaining = invocation.remaining
    return 900.0 if remaining is None else max(0.0, remaining) + PATIENCE


def _encoded(report: Report) -> bytes:
    return to_json(report.body).encode("utf-8", "replace")


def _error_headers(report: Report) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Type", _JSON), (b"Lambda-Runtime-Function-Error-Type", report.header)]
