"""
The Runtime API of one environment: what its runtime may ask and say, and in which order.

One runtime has one API, on a port of its own; which process it is, and how long it may take, is `environment.py`'s.
"""

from __future__ import annotations

import json
import re
from asyncio import Event, Future, get_running_loop
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Literal, TypeAlias

from jaystream.aws.emulator.bandwidth import Bucket
from jaystream.aws.emulator.exchange import BodyTooLargeError, Exchange, PeerLeftError
from jaystream.aws.emulator.reply import BUFFERED_LIMIT, STREAMED_LIMIT, Failure, OversizedError

if TYPE_CHECKING:
    from jaystream.aws.emulator.invocation import Invocation

BASE = "/2018-06-01/runtime/"

MODE = "lambda-runtime-function-response-mode"
ERROR_TYPE = "lambda-runtime-function-error-type"
ERROR_BODY = "lambda-runtime-function-error-body"

KNOWN_ERROR = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")

State: TypeAlias = Literal["starting", "failed", "ready", "running", "responding", "responded"]


class RuntimeApi:
    """
    Serves one runtime, one invocation after the other.

    Args:
        shaped: Hold streams to AWS's bandwidth.

    Attributes:
        state: Where the runtime is.
        changed: Set whenever the state has changed; who waits clears it.
        init_failure: What the runtime said when it could not start.
    """

    __slots__ = ("_invocation", "_shaped", "_waiting", "changed", "init_failure", "state")

    def __init__(self, *, shaped: bool = False) -> None:
        self._shaped = shaped
        self._invocation: Invocation | None = None
        self._waiting: Future[Invocation] | None = None
        self.state: State = "starting"
        self.changed: Event = Event()
        self.init_failure: Failure | None = None

    # What the environment does

    def give(self, invocation: Invocation) -> None:
        """
        Hand an invocation to the runtime, which must be ready.
        """
        assert self._waiting is not None  # noqa: S101 - what being ready means
        self._invocation = invocation
        waiting, self._waiting = self._waiting, None
        waiting.set_result(invocation)
        self._go("running")

    async def until(self, *states: State) -> State:
        """
        Wait until the runtime is in one of *states*.
        """
        while self.state not in states:
            self.changed.clear()
            await self.changed.wait()
        return self.state

    # What the runtime does

    async def __call__(self, exchange: Exchange) -> None:
        """
        Answer one request.
        """
        action = exchange.path.removeprefix(BASE) if exchange.path.startswith(BASE) else ""
        match exchange.method, action.split("/"):
            case "GET", ["invocation", "next"]:
                await self._next(exchange)
            case "POST", ["invocation", request_id, "response"]:
                await self._respond(exchange, request_id)
            case "POST", ["invocation", request_id, "error"]:
                await self._fail(exchange, request_id)
            case "POST", ["init", "error"] | ["restore", "error"]:
                await self._fail_to_start(exchange)
            case "GET", ["restore", "next"]:
                await exchange.answer(200, [])
            case _:
                await exchange.answer(404, [("content-type", "text/plain")], b"404 page not found\n")

    async def _next(self, exchange: Exchange) -> None:
        if self.state in {"running", "responding", "failed"}:
            await refuse(
                exchange,
                403,
                "InvalidStateTransition",
                f"State transition from {self.state} to ready is not "
                "allowed: an invocation is answered before the next one is asked for",
            )
            return
        if self._waiting is not None:
            self._waiting.set_exception(PeerLeftError())  # it has come back on another connection
        waiting = self._waiting = get_running_loop().create_future()
        self._go("ready")
        invocation = await waiting
        headers = [("content-type", "application/json"), *invocation.told]
        await exchange.answer(200, headers, invocation.payload)

    async def _respond(self, exchange: Exchange, request_id: str) -> None:
        mode = exchange.header(MODE)
        invocation = await self._invocation_of(exchange, request_id)
        if invocation is None:
            return
        if mode not in {None, "streaming"}:
            failure = Failure.of(
                "Runtime.InvalidResponseModeHeader", said(invocation, f"Invalid response mode {mode!r}")
            )
            self._settle(invocation, failure)
            await refuse(exchange, 400, "InvalidFunctionResponseMode", "Invalid function response mode")
            return
        self._go("responding")
        try:
            if mode is None:
                await self._buffered(exchange, invocation)
            else:
                await self._streamed(exchange, invocation)
        except PeerLeftError:
            self._settle(
                invocation, Failure.of("Runtime.TruncatedResponse", said(invocation, "Response is truncated")), cut=True
            )
            raise
        except (OversizedError, BodyTooLargeError):
            message = f"Response payload size exceeded maximum allowed payload size ({BUFFERED_LIMIT} bytes)."
            if invocation.streamed and mode is not None:
                message = f"Response payload size exceeded what a stream may have ({STREAMED_LIMIT} bytes)."
            self._settle(invocation, Failure.of("Function.ResponseSizeTooLarge", message), cut=True)
            await refuse(exchange, 413, "RequestEntityTooLarge", message)
            return
        await exchange.answer(202, [("content-type", "application/json")], b'{"status":"OK"}\n')

    async def _buffered(self, exchange: Exchange, invocation: Invocation) -> None:
        body = await exchange.body(BUFFERED_LIMIT)
        invocation.touched()
        invocation.reply.begin(exchange.header("content-type") or "application/json", streamed=False)
        await invocation.reply.put(body)
        self._settle(invocation, None)

    async def _streamed(self, exchange: Exchange, invocation: Invocation) -> None:
        reply = invocation.reply
        bucket = Bucket() if self._shaped else None
        reply.begin(exchange.header("content-type") or "application/octet-stream", streamed=True)
        while (piece := await exchange.receive()) is not None:
            invocation.touched()
            if bucket is not None:
                await bucket.pass_on(len(piece))
            await reply.put(piece)
        self._settle(invocation, failure_in(dict(exchange.trailers)))

    async def _fail(self, exchange: Exchange, request_id: str) -> None:
        invocation = await self._invocation_of(exchange, request_id)
        if invocation is None:
            return
        body = await exchange.body(BUFFERED_LIMIT)
        self._settle(invocation, Failure(known(exchange.header(ERROR_TYPE)), body or b"{}"))
        await exchange.answer(202, [("content-type", "application/json")], b'{"status":"OK"}\n')

    async def _fail_to_start(self, exchange: Exchange) -> None:
        body = await exchange.body(BUFFERED_LIMIT)
        if self.state != "starting":
            await refuse(
                exchange,
                403,
                "InvalidStateTransition",
                f"State transition from {self.state} to failed is not allowed: the runtime has started already",
            )
            return
        self.init_failure = Failure(known(exchange.header(ERROR_TYPE)), body or b"{}")
        await exchange.answer(202, [("content-type", "application/json")], b'{"status":"OK"}\n')
        self._go("failed")

    async def _invocation_of(self, exchange: Exchange, request_id: str) -> Invocation | None:
        """The invocation that a runtime means, None if that has been refused."""
        invocation = self._invocation
        echoed = exchange.header("lambda-runtime-invocation-id")
        if invocation is None or request_id != invocation.id or echoed not in {None, invocation.id}:
            await refuse(exchange, 400, "InvalidRequestID", "Invalid request ID")
        elif self.state != "running":
            await refuse(
                exchange,
                403,
                "InvalidStateTransition",
                f"State transition from {self.state} to responding is "
                "not allowed: this invocation has a response already",
            )
        else:
            return invocation
        return None

    def _settle(self, invocation: Invocation, failure: Failure | None, *, cut: bool = False) -> None:
        invocation.reply.finish(failure, cut=cut and invocation.reply.opened)
        if self._invocation is invocation and self.state in {"running", "responding"}:
            self._go("responded")

    def _go(self, state: State) -> None:
        self.state = state
        self.changed.set()


def failure_in(trailers: dict[str, str]) -> Failure | None:
    """
    The error that a streamed response ended with.
    """
    kind = trailers.get(ERROR_TYPE)
    if kind is None and ERROR_BODY not in trailers:
        return None
    try:
        body = b64decode(trailers.get(ERROR_BODY, ""), validate=True)
    except Base64Error:
        body = trailers[ERROR_BODY].encode("latin-1")
    return Failure(kind or "Runtime.Unknown", body or b"{}")


def known(kind: str | None) -> str:
    """
    The type of an error as Lambda records it: types of other forms are none to it.
    """
    if kind is not None and KNOWN_ERROR.search(kind):
        return kind
    return "Function.Unknown" if kind is not None and kind.startswith("Function.") else "Runtime.Unknown"


def said(invocation: Invocation, what: str) -> str:
    """
    What went wrong, in the form of Lambda's own messages.
    """
    return f"RequestId: {invocation.id} Error: {what}"


async def refuse(exchange: Exchange, status: int, kind: str, message: str) -> None:
    """
    Answer a runtime with an error.
    """
    body = json.dumps({"errorMessage": message, "errorType": kind}).encode()
    await exchange.answer(status, [("content-type", "application/json")], body)
