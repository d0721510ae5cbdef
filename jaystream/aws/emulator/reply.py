"""
The response of one invocation on its way from the runtime to the client: one piece at a time, so that whoever is slower
sets the pace and nothing is piled up.
"""

from __future__ import annotations

import json
from asyncio import Event
from typing import NamedTuple

MIB = 1 << 20

BUFFERED_LIMIT = 6 * MIB + 100
"""Bytes of a buffered response: AWS's 6 MiB, and what its envelope may take."""

STREAMED_LIMIT = 200 * MIB + 16 * 1024
"""Bytes of a streamed response, and of a prelude before it."""


class Failure(NamedTuple):
    """
    Why an invocation failed.

    Attributes:
        kind: The error's type, such as `Runtime.ExitError`.
        payload: The JSON that the caller gets.
    """

    kind: str
    payload: bytes

    @classmethod
    def of(cls, kind: str, message: str) -> Failure:
        """
        A failure that Lambda itself tells of, in its form.
        """
        return cls(kind, json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode())


class OversizedError(Exception):
    """
    A response has more bytes than are allowed.
    """


class Reply:
    """
    A response between its two ends.

    The runtime's end calls `begin`, `put` and `finish`; the client's awaits `begun`, then calls `get`, or leaves.

    Args:
        limit: How many bytes are allowed.

    Attributes:
        content_type: As the runtime gave it.
        streamed: Whether the runtime streams.
        size: Bytes so far.
        failure: Why the invocation failed; whole when the reply is finished.
        cut: Whether it ended in the middle, without the runtime's own end.
        finished: Whether nothing more comes.
    """

    __slots__ = (
        "_left",
        "_limit",
        "_moved",
        "_piece",
        "_taken",
        "content_type",
        "cut",
        "failure",
        "finished",
        "opened",
        "size",
        "streamed",
    )

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._piece: bytes | None = None
        self._moved = Event()
        self._taken = Event()
        self._left = False
        self.content_type: str = ""
        self.streamed: bool = False
        self.opened: bool = False
        self.size: int = 0
        self.failure: Failure | None = None
        self.cut: bool = False
        self.finished: bool = False

    def begin(self, content_type: str, *, streamed: bool) -> None:
        """
        The runtime has begun to respond.
        """
        self.content_type = content_type
        self.streamed = streamed
        self.opened = True
        self._moved.set()

    async def put(self, piece: bytes) -> None:
        """
        Hand on a piece when the one before it has been taken; drop it where the client has left.

        Raises:
            OversizedError: If these are too many bytes.
        """
        self.size += len(piece)
        if self.size > self._limit:
            raise OversizedError
        while self._piece is not None and not self._left and not self.finished:
            self._taken.clear()
            await self._taken.wait()
        if not self._left and not self.finished:
            self._piece = piece
            self._moved.set()

    def finish(self, failure: Failure | None = None, *, cut: bool = False) -> None:
        """
        Nothing more comes. The first word counts: a reply that is finished stays as it is.
        """
        if not self.finished:
            self.failure = failure
            self.cut = cut
            self.finished = True
            self._moved.set()
            self._taken.set()

    async def begun(self) -> bool:
        """
        Wait until there is something to tell the client.

        Returns:
            Whether the runtime has begun to respond; if not, the reply is finished, with a failure.
        """
        while not self.opened and not self.finished:
            await self._wait()
        return self.opened

    async def get(self) -> bytes | None:
        """
        Give the next piece, None at the end.
        """
        while self._piece is None:
            if self.finished:
                return None
            await self._wait()
        piece, self._piece = self._piece, None
        self._taken.set()
        return piece

    async def whole(self) -> bytes:
        """
        Give all of it.
        """
        pieces: list[bytes] = []
        while (piece := await self.get()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    def leave(self) -> None:
        """
        The client takes no more. The function is not told, as on AWS.
        """
        self._left = True
        self._piece = None
        self._taken.set()

    async def _wait(self) -> None:
        self._moved.clear()
        await self._moved.wait()
