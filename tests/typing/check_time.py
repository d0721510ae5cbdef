"""
What type checkers make of the operators that go by the clock. Nothing here runs; `make types` reads it.
"""

from __future__ import annotations

from typing import assert_type

from jaystream import JaypieStream, StreamTimeoutError


async def later() -> str:
    return "-"


async def weigh(text: str) -> int:
    return len(text)


def limits(stream: JaypieStream[int]) -> None:
    assert_type(stream.timeout(first=5), JaypieStream[int])
    assert_type(stream.timeout(first=5, idle=2.5, total=60), JaypieStream[int])
    stream.timeout(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream.timeout(first="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    error = StreamTimeoutError("idle", 5)
    assert_type(error.seconds, float)
    StreamTimeoutError("last", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def pace(stream: JaypieStream[int]) -> None:
    assert_type(stream.throttle(5, per=1.5, burst=2), JaypieStream[int])
    assert_type(stream.throttle(5), JaypieStream[int])
    assert_type(stream.delay(1), JaypieStream[int])
    assert_type(stream.debounce(0.3), JaypieStream[int])
    assert_type(stream.sample(0.3), JaypieStream[int])


def groups(stream: JaypieStream[str]) -> None:
    assert_type(stream.group_within(9, seconds=1), JaypieStream[tuple[str, ...]])
    assert_type(stream.group_within(9, seconds=1, weight=len), JaypieStream[tuple[str, ...]])
    assert_type(stream.group_within(9, seconds=1, weight=weigh), JaypieStream[tuple[str, ...]])
    stream.group_within(9)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream.group_within(9, seconds=1, weight=lambda text: text)  # type: ignore[arg-type,return-value]  # pyright: ignore[reportArgumentType]


def signs_of_life(stream: JaypieStream[int], framed: JaypieStream[bytes]) -> None:
    assert_type(framed.keepalive(15), JaypieStream[bytes])
    assert_type(framed.keepalive(15, item=b":\n\n"), JaypieStream[bytes])
    assert_type(stream.keepalive(15, item="-"), JaypieStream[int | str])
    assert_type(stream.keepalive(15, item=lambda: "-"), JaypieStream[int | str])
    assert_type(stream.keepalive(15, item=later), JaypieStream[int | str])
    assert_type(stream.keepalive(15, item=None), JaypieStream[int | None])
    stream.keepalive(15)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
