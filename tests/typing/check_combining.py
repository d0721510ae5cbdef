"""
What type checkers make of the operators that combine sources. Nothing here runs; `make types` reads it.

`assert_type` lines state what is inferred, ignored lines what must be an error: an ignore without an error is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Never, assert_type

from jaystream import JaypieStream, merge


async def later(n: int) -> list[str]:
    return [str(n)]


async def items(n: int) -> AsyncIterator[str]:
    yield str(n)


def merged(stream: JaypieStream[int], text: JaypieStream[str], halt: Any) -> None:
    assert_type(stream.merge(text), JaypieStream[int | str])
    assert_type(stream.merge(text, halt="first", prefetch=3), JaypieStream[int | str])
    assert_type(merge(), JaypieStream[Never])
    assert_type(merge(text), JaypieStream[str])
    assert_type(merge(stream, text, halt="left"), JaypieStream[int | str])
    assert_type(merge(stream, text, [b""], prefetch=1), JaypieStream[int | str | bytes])
    assert_type(merge(stream, text, [b""], lambda: [0.5]), JaypieStream[int | str | bytes | float])
    assert_type(merge(*[text, text]), JaypieStream[str])
    stream.merge(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream.merge(text, halt="last")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    merge(stream, halt="last")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def zipped(stream: JaypieStream[int], text: JaypieStream[str], *, both: bool) -> None:
    assert_type(stream.zip(text, concurrent=True), JaypieStream[tuple[int, str]])
    assert_type(stream.zip(text, strict=True, concurrent=both), JaypieStream[tuple[int, str]])
    assert_type(
        stream.zip(text, [b""], (0.5,), text, concurrent=True), JaypieStream[tuple[int, str, bytes, float, str]]
    )
    assert_type(stream.zip(text, strict="longest", concurrent=True), JaypieStream[tuple[int | None, str | None]])
    assert_type(
        stream.zip(text, strict="longest", fill=b"", concurrent=True), JaypieStream[tuple[int | bytes, str | bytes]]
    )
    assert_type(stream.zip(*[text, text], concurrent=True), JaypieStream[tuple[int | str, ...]])
    stream.zip(text, concurrent=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def newest(stream: JaypieStream[int], text: JaypieStream[str]) -> None:
    assert_type(stream.combine_latest(), JaypieStream[tuple[int]])
    assert_type(stream.combine_latest(text), JaypieStream[tuple[int, str]])
    assert_type(stream.combine_latest(text, [b""]), JaypieStream[tuple[int, str, bytes]])
    assert_type(stream.combine_latest(text, [b""], (0.5,)), JaypieStream[tuple[int, str, bytes, float]])
    assert_type(stream.combine_latest(text, [b""], (0.5,), text), JaypieStream[tuple[int, str, bytes, float, str]])
    assert_type(stream.combine_latest(*[text, text]), JaypieStream[tuple[int | str, ...]])
    assert_type(stream.with_latest_from(), JaypieStream[tuple[int]])
    assert_type(stream.with_latest_from(text), JaypieStream[tuple[int, str]])
    assert_type(stream.with_latest_from(text, [b""]), JaypieStream[tuple[int, str, bytes]])
    assert_type(stream.with_latest_from(text, [b""], (0.5,)), JaypieStream[tuple[int, str, bytes, float]])
    assert_type(stream.with_latest_from(text, [b""], (0.5,), text), JaypieStream[tuple[int, str, bytes, float, str]])
    assert_type(stream.with_latest_from(*[text, text]), JaypieStream[tuple[int | str, ...]])
    stream.combine_latest(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    stream.with_latest_from(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def one_of(stream: JaypieStream[int], text: JaypieStream[str]) -> None:
    assert_type(stream.interleave(text), JaypieStream[int | str])
    assert_type(stream.race(text), JaypieStream[int | str])
    assert_type(stream.race(), JaypieStream[int])
    assert_type(stream.switch_map(lambda n: [str(n)]), JaypieStream[str])
    assert_type(stream.switch_map(lambda n: JaypieStream([n])), JaypieStream[int])
    assert_type(stream.switch_map(later), JaypieStream[str])
    assert_type(stream.switch_map(items), JaypieStream[str])
    assert_type(stream.flat_map(lambda n: [str(n)], concurrency=2), JaypieStream[str])
    assert_type(stream.flat_map(later, concurrency=2), JaypieStream[str])
    assert_type(JaypieStream([[1], [2]]).flatten(concurrency=2), JaypieStream[int])
    stream.switch_map(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    stream.flatten(concurrency=2)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
