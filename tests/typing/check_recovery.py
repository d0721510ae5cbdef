"""
What type checkers make of recovery, ends from outside, blocking sources and `smooth`. Nothing here runs; `make types`
reads it.

`assert_type` lines state what is inferred, ignored lines what must be an error: an ignore without an error is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from typing import Any, assert_type

import anyio

from jaystream import Emitted, JaypieStream
from jaystream.formats import DoneChunk, TextChunk


def rows() -> Iterator[int]:
    yield 1


@contextmanager
def opened() -> Generator[list[int]]:
    yield [1]


async def numbers() -> AsyncIterator[int]:
    yield 1


async def going_on(emitted: Emitted) -> AsyncIterator[str]:
    yield emitted.text


async def asked(error: Exception) -> bool:
    return not isinstance(error, KeyError)


def blocking() -> None:
    assert_type(JaypieStream.from_blocking([1]), JaypieStream[int])
    assert_type(JaypieStream.from_blocking(rows), JaypieStream[int])
    assert_type(JaypieStream.from_blocking(rows()), JaypieStream[int])
    assert_type(JaypieStream.from_blocking(opened), JaypieStream[int])
    assert_type(JaypieStream.from_blocking(lambda: ["a"]), JaypieStream[str])
    JaypieStream.from_blocking(numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JaypieStream.from_blocking(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def recovery(stream: JaypieStream[int]) -> None:
    assert_type(stream.retry(), JaypieStream[int])
    assert_type(stream.retry(5, on=(OSError, ValueError), wait=1, partial="restart"), JaypieStream[int])
    assert_type(stream.retry(on=lambda error: isinstance(error, OSError)), JaypieStream[int])
    assert_type(stream.retry(on=asked), JaypieStream[int])
    assert_type(JaypieStream(going_on).retry(partial="resume"), JaypieStream[str])
    assert_type(stream.fallback(["a"]), JaypieStream[int | str])
    assert_type(stream.fallback(numbers, rows, partial="restart"), JaypieStream[int])
    assert_type(stream.fallback(going_on, partial="resume"), JaypieStream[int | str])
    stream.retry(partial="again")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream.retry(on=BaseException)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream.fallback([1], partial="resume")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def until(stream: JaypieStream[int], future: asyncio.Future[str], context: Any) -> None:
    assert_type(stream.take_until(asyncio.Event()), JaypieStream[int])
    assert_type(stream.take_until(anyio.Event()), JaypieStream[int])
    assert_type(stream.take_until(future), JaypieStream[int])
    assert_type(stream.take_until(asyncio.Event().wait), JaypieStream[int])
    assert_type(stream.take_until(numbers), JaypieStream[int])
    assert_type(stream.take_for(1.5), JaypieStream[int])
    assert_type(stream.deadline_from(context, reserve=1), JaypieStream[int])
    stream.take_until(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream.deadline_from({})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def smooth(
    texts: JaypieStream[str],
    chunks: JaypieStream[TextChunk | DoneChunk],
    some: JaypieStream[Any],
    raw: JaypieStream[bytes],
) -> None:
    assert_type(texts.smooth(), JaypieStream[str])
    assert_type(texts.smooth("line", per=0.1, max_lag=1), JaypieStream[str])
    assert_type(texts.smooth(by=lambda text: text[:3] or None), JaypieStream[str])
    assert_type(chunks.smooth(), JaypieStream[TextChunk | DoneChunk])
    assert_type(some.smooth(), JaypieStream[Any])
    raw.smooth()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    texts.format_sse().smooth()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    texts.smooth("words")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
