"""
Lambda's own API, as boto3 and the AWS CLI speak it: `Invoke`, buffered, and `InvokeWithResponseStream`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from jaystream.aws.emulator import eventstream
from jaystream.aws.emulator.exchange import BodyTooLargeError, Exchange, PeerLeftError
from jaystream.aws.emulator.invocation import Invocation
from jaystream.aws.emulator.pool import Pool, ThrottledError
from jaystream.aws.emulator.reply import MIB, Reply

if TYPE_CHECKING:
    from jaystream.aws.emulator.settings import Settings

BUFFERED = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
STREAMED = re.compile(r"/2021-11-15/functions/([^/]+)/response-streaming-invocations/?")

OPERATION = re.compile(r"/20\d\d-\d\d-\d\d/functions(/.*)?")
"""Where an SDK asks for anything about functions."""

PAYLOAD_LIMIT = 6 * MIB
"""Bytes of an event."""

ASYNC_LIMIT = MIB
"""Bytes of an event that nobody waits for."""

NAME = re.compile(r"(?:(?:arn:aws[\w-]*:lambda:[\w-]+:)?\d{12}:function:)?([\w-]+)(?::(\$LATEST|[\w-]+))?")


class LambdaApi:
    """
    Answers what an AWS SDK asks of Lambda.

    Args:
        settings: The function's.
        pool: Where it runs.
    """

    __slots__ = ("_pool", "_settings")

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool

    def knows(self, exchange: Exchange) -> bool:
        """
        Whether a request is for this API.
        """
        return OPERATION.fullmatch(exchange.path) is not None

    async def __call__(self, exchange: Exchange) -> None:
        """
        Answer one request.
        """
        streamed = STREAMED.fullmatch(exchange.path)
        found = streamed or BUFFERED.fullmatch(exchange.path)
        if found is None:
            message = (
                f"{exchange.method} {exchange.path}: the emulator invokes functions, and does nothing else to them"
            )
            await refuse(exchange, 404, "UnknownOperationException", message)
            return
        if exchange.method != "POST":
            await refuse(exchange, 405, "MethodNotAllowedException", f"{exchange.method} is not POST")
            return
        kind = exchange.header("x-amz-invocation-type") or "RequestResponse"
        try:
            payload = await exchange.body(ASYNC_LIMIT if kind == "Event" else PAYLOAD_LIMIT)
        except BodyTooLargeError:
            limit = ASYNC_LIMIT if kind == "Event" else PAYLOAD_LIMIT
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            await refuse(exchange, 413, "RequestTooLargeException", message)
            return
        qualifier = await self._qualifier_of(exchange, unquote(found[1]))
        if qualifier is None:
            return
        try:
            invocation = self._invocation(exchange, payload, qualifier, streamed=streamed is not None)
        except ValueError as error:
            await refuse(exchange, 400, "InvalidRequestContentException", str(error))
            return
        if kind == "DryRun":
            await exchange.answer(204, heads(invocation))
            return
        if kind not in {"RequestResponse", "Event"} or (kind == "Event" and streamed):
            message = f"Invocation type {kind!r} is none of RequestResponse, DryRun" + ("" if streamed else ", Event")
            await refuse(exchange, 400, "InvalidParameterValueException", message)
            return
        try:
            await self._pool.submit(invocation)
        except ThrottledError:
            await throttle(exchange)
            return
        if kind == "Event":
            invocation.reply.leave()
            await exchange.answer(202, heads(invocation))
        elif streamed:
            await self._stream(exchange, invocation)
        else:
            await self._answer(exchange, invocation)

    async def _qualifier_of(self, exchange: Exchange, name: str) -> str | None:
        """The version or alias that is called, None if there is no such function, which has been said."""
        match = NAME.fullmatch(name)
        asked = parse_qs(exchange.query).get("Qualifier", [None])[0]
        if match is None or match[1] != self._settings.name:
            arn = self._settings.arn.removesuffix(self._settings.name) + (match[1] if match else name)
            await refuse(exchange, 404, "ResourceNotFoundException", f"Function not found: {arn}")
            return None
        if asked is not None and match[2] is not None and asked != match[2]:
            message = "The derived qualifier from the function name does not match the specified qualifier."
            await refuse(exchange, 400, "InvalidParameterValueException", message)
            return None
        return asked or match[2] or "$LATEST"

    def _invocation(self, exchange: Exchange, payload: bytes, qualifier: str, *, streamed: bool) -> Invocation:
        payload = payload or b"{}"
        try:
            json.loads(payload, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"Could not parse request body into json: {error}") from error
        headers: dict[str, str] = {}
        if (context := exchange.header("x-amz-client-context")) is not None:
            try:
                headers["Lambda-Runtime-Client-Context"] = b64decode(context, validate=True).decode()
                json.loads(headers["Lambda-Runtime-Client-Context"])
            except (Base64Error, ValueError) as error:
                raise ValueError(f"Client context must be a valid Base64-encoded JSON object: {error}") from error
        if (tenant := exchange.header("x-amz-tenant-id")) is not None:
            headers["Lambda-Runtime-Aws-Tenant-Id"] = tenant
        if (trace := exchange.header("x-amzn-trace-id")) is not None:
            headers["Lambda-Runtime-Trace-Id"] = trace
        label = "invoke" + (" streamed" if streamed else "")
        return Invocation(self._settings, payload, label, streamed=streamed, qualifier=qualifier, headers=headers)

    async def _answer(self, exchange: Exchange, invocation: Invocation) -> None:
        reply = invocation.reply
        body = await reply.whole()
        headers = heads(invocation)
        if reply.failure is not None:
            body = reply.failure.payload
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if wants_tail(exchange):
            headers.append(("X-Amz-Log-Result", await tail_of(invocation)))
        await exchange.answer(200, [*headers, ("content-type", "application/json")], body)

    async def _stream(self, exchange: Exchange, invocation: Invocation) -> None:
        reply = invocation.reply
        try:
            await reply.begun()
            await exchange.start(200, [*heads(invocation), ("content-type", eventstream.MEDIA_TYPE)])
            while (piece := await reply.get()) is not None:
                await exchange.send(eventstream.payload_chunk(piece))
            fields = failed(reply)
            if wants_tail(exchange):
                fields["LogResult"] = await tail_of(invocation)
            await exchange.send(eventstream.invoke_complete(fields))
            await exchange.end()
        except PeerLeftError:
            reply.leave()
            raise


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def failed(reply: Reply) -> dict[str, str]:
    """
    What the end of a stream says of its failure.
    """
    if reply.failure is None:
        return {}
    return {"ErrorCode": reply.failure.kind, "ErrorDetails": reply.failure.payload.decode("utf-8", "replace")}


def heads(invocation: Invocation) -> list[tuple[str, str]]:
    """
    The headers of every answer.
    """
    return [
        ("x-amzn-RequestId", invocation.id),
        ("X-Amzn-Trace-Id", invocation.headers["Lambda-Runtime-Trace-Id"]),
        ("X-Amz-Executed-Version", "$LATEST"),
    ]


def wants_tail(exchange: Exchange) -> bool:
    """
    Whether the log is asked for.
    """
    return exchange.header("x-amz-log-type") == "Tail"


async def tail_of(invocation: Invocation) -> str:
    """
    The end of the log, when it is whole.
    """
    await invocation.over.wait()
    return b64encode(invocation.tail).decode()


async def throttle(exchange: Exchange) -> None:
    """
    Say that all environments are busy.
    """
    body = {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}
    headers = [("x-amzn-ErrorType", "TooManyRequestsException"), ("content-type", "application/json")]
    await exchange.answer(429, headers, json.dumps(body).encode())


async def refuse(exchange: Exchange, status: int, kind: str, message: str) -> None:
    """
    Answer with one of Lambda's errors.
    """
    body = json.dumps({"Type": "User", "Message": message}).encode()
    await exchange.answer(status, [("x-amzn-ErrorType", kind), ("content-type", "application/json")], body)
