"""
An app that sends answers in the formats of chat UIs, for real clients to read.

Run in a process of its own by a server. What it sends stands in a file of pickled `Job`s, whose path the environment
names; a request's path begins with the job's number. Not a test.
"""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jaystream import JaypieStream
from jaystream.errors import NotFoundError


class Job(NamedTuple):
    """
    One answer: its format, what is in it, and how it ends.
    """

    format: str
    options: dict[str, Any]
    chunks: list[Any]
    ending: str = "end"


@cache
def jobs() -> list[Job]:
    """
    What there is to send.
    """
    found: list[Job] = pickle.loads(Path(os.environ["CHAT_JOBS"]).read_bytes())  # noqa: S301 - the test's own
    return found


async def source(job: Job) -> AsyncIterator[Any]:
    """
    The chunks of an answer, which then ends as it is told.
    """
    for chunk in job.chunks:
        yield chunk
        await asyncio.sleep(0)
    if job.ending == "fail":
        raise NotFoundError("nothing more")
    if job.ending == "hang":
        await asyncio.Event().wait()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """
    The answer that a path names; an empty one for the rest.
    """
    number = scope["path"].split("/")[1]
    if scope["type"] != "http" or not number.isdigit():
        await JaypieStream.of("ready").format_text().to_asgi(scope, receive, send)
        return
    job = jobs()[int(number)]
    stream: JaypieStream[Any] = JaypieStream(lambda: source(job))
    framed = getattr(stream, f"format_{job.format}")(**job.options)
    await framed.to_asgi(scope, receive, send, max_duration=0.1 if job.ending == "hang" else None, keepalive=0.02)
