"""
AWS's Parameters and Secrets extension for Lambda: a cache beside the function, asked over HTTP on the same machine.

Lives here: one small HTTP client, enough for that and not more, and the retries. The standard library's would block the
loop or need a thread, and another one would be a dependency, and time of every cold start. A proxy of the environment
is none of its business.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import anyio

from jaystream._core.inspecting import is_a
from jaystream.errors import ConfigurationError, JaystreamError
from jaystream.handlers.log import log

TRIES = 4
PATIENCE = 3.0
"""Seconds that one try may take."""

FIRST_WAIT, LONGEST_WAIT, FACTOR = 1.0, 3.0, 2.0
LARGEST = 1_048_576
_PORT = "2773"
_PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"


class ExtensionError(JaystreamError):
    """
    The extension did not give what it was asked for. Neither that nor the answer stands in the message.

    Attributes:
        again: Whether another try might be worth while.
    """

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again: bool = again


async def ask_extension(path: str, token: str, **query: str) -> Any:
    """
    Ask the extension, and again if it does not answer or says that it cannot now; what it answers is JSON.

    Args:
        path: Such as ``"/secretsmanager/get"``.
        token: The session token of the function, which the extension wants to see.
        query: What is asked for.

    Raises:
        ExtensionError: When nobody listens, it says no, or it has not answered in all the tries.
    """
    target = path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    wait = FIRST_WAIT
    for number in range(1, TRIES + 1):
        try:
            return await _ask_once(target, token)
        except ExtensionError as error:
            if number == TRIES or not error.again:
                raise
            log.debug("%s: %s; asking again in %g s", path, error, wait)
        await anyio.sleep(wait)
        wait = min(wait * FACTOR, LONGEST_WAIT)
    raise AssertionError("the last try gives or raises")  # pragma: no cover - for type checkers


async def _ask_once(target: str, token: str) -> Any:
    port = os.environ.get(_PORT_VARIABLE) or _PORT
    if not port.isdecimal():
        raise ConfigurationError(f"{_PORT_VARIABLE} must be a number")
    try:
        with anyio.fail_after(PATIENCE):
            status, body = await _get(int(port), target, token)
    except TimeoutError:
        raise ExtensionError(f"no answer within {PATIENCE:g} s", again=True) from None
    except (OSError, EOFError, ValueError, anyio.BrokenResourceError) as error:
        raise ExtensionError(f"no answer: {type(error).__name__}", again=not _is_refused(error)) from error
    if status != 200:
        raise ExtensionError(f"status {status}", again=status >= 500)
    try:
        return json.loads(body)
    except ValueError:
        raise ExtensionError("the answer is not JSON") from None


def _is_refused(error: BaseException | None) -> bool:
    """Whether nobody listens: then there is no extension, and waiting for it costs a cold start seconds."""
    inside: Any = error
    if is_a(error, BaseExceptionGroup):  # one for each address of localhost
        return any(_is_refused(each) for each in inside.exceptions)
    return isinstance(error, ConnectionRefusedError) or (error is not None and _is_refused(error.__cause__))


async def _get(port: int, target: str, token: str) -> tuple[int, bytes]:
    """
    One request of HTTP/1.0, whose answer ends with the connection, or after the length it gives.
    """
    async with await anyio.connect_tcp("localhost", port) as connection:
        await connection.send(
            f"GET {target} HTTP/1.0\r\nHost: localhost:{port}\r\nAccept: application/json\r\n"
            f"X-Aws-Parameters-Secrets-Token: {token}\r\n\r\n".encode("latin-1")
        )
        answer = bytearray()
        head, length = b"", None
        while length is None or len(answer) < length:
            try:
                answer += await connection.receive()
            except anyio.EndOfStream:
                break
            if len(answer) > LARGEST:
                raise ValueError("the answer is too large")
            if not head and b"\r\n\r\n" in answer:
                head, _, body = bytes(answer).partition(b"\r\n\r\n")
                answer = bytearray(body)
                length = _length_in(head)
    if not head or (length is not None and len(answer) < length):
        raise EOFError("the answer has no end")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError("the answer is no HTTP")
    return int(rest[:3]), bytes(answer)


def _length_in(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None
