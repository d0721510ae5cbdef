"""
The demo's three sinks, each run to its end: a file, an HTTP client over a real server, a Lambda function.
"""

from __future__ import annotations

import json
import sys
from asyncio import Event
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from anyio import Path as AsyncPath
from anyio import open_process

from jaystream import JaypieStream
from jaystream.demo import client
from jaystream.demo.server import listen, make_app, serving
from jaystream.testing import emulator

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream

    from jaystream import SseEvent


# where this package is: the folder that the demo was started in may hold anything
HERE = Path(client.__file__).parents[2]


class ClientFailedError(RuntimeError):
    """
    The HTTP client, or the Lambda function, could not read the stream to its end.
    """


class Result(NamedTuple):
    """
    What came out of a sink.

    Attributes:
        sink: Its name.
        body: The bytes.
        first_byte: Seconds to the first of them, as the sink's own reader saw it; None if there was none.
    """

    sink: str
    body: bytes
    first_byte: float | None


async def into_file(stream: JaypieStream[bytes], path: Path) -> Result:
    """
    Into a file, and what is in the file then.
    """
    report = await stream.to_file(path)
    return Result("file", await AsyncPath(path).read_bytes(), report.first_byte)


async def into_lambda(stream: JaypieStream[bytes]) -> Result:
    """
    Through a Lambda function: the emulator runs it, our runtime in a process of its own, and it asks for the stream.

    Raises:
        ClientFailedError: If the function failed; it says what is in its log.
    """
    shutdown = Event()
    app = make_app("the demo", lambda: stream, shutdown)
    async with (
        serving(app, listen(), shutdown) as address,
        emulator("jaystream.demo.function.handler", folder=HERE, timeout=900) as function,
    ):
        invoked = await function.invoke({"url": f"{address}/stream"})
    if invoked.error is not None:
        raise ClientFailedError(
            f"the Lambda function failed after {sum(map(len, invoked.pieces))} bytes:\n{invoked.log}"
        )
    return Result("lambda", invoked.payload, invoked.first_byte)


async def over_http(stream: JaypieStream[bytes], show: Callable[[SseEvent], None]) -> Result:
    """
    Through a server to a client in another process; *show* sees each event as it arrives there.

    Raises:
        ClientFailedError: If the client gave up; it says what the client said.
    """
    parts: list[bytes] = []
    shutdown = Event()
    app = make_app("the demo", lambda: stream, shutdown)
    async with serving(app, listen(), shutdown) as address:
        # A session of its own, so that an interrupt from the terminal reaches this process alone, which ends the other.
        command = [sys.executable, "-I", client.__file__, f"{address}/stream"]
        async with await open_process(command, stdin=None, start_new_session=True) as process:
            output, complaints = cast("tuple[ByteReceiveStream, ByteReceiveStream]", (process.stdout, process.stderr))
            await JaypieStream(output).tap(parts.append).parse_sse().for_each(show)
            told = b"".join(await JaypieStream(complaints).to_list()).decode(errors="replace")
            code = await process.wait()
    if code != 0:
        raise ClientFailedError(f"the HTTP client failed after {sum(map(len, parts))} bytes:\n{told}")
    return Result("http", b"".join(parts), json.loads(told)["first_byte"])
