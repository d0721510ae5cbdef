"""
What type checkers make of the operators. Nothing here runs; `make types` reads it.

`assert_type` lines state what is inferred, ignored lines what must be an error: an ignore without an error is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard, assert_type

from jaystream import End, Failure, Item, JaypieStream, Operator, SinkReport, SseEvent
from jaystream.formats import ReasoningChunk

if TYPE_CHECKING:
    from pydantic import BaseModel

    class Model(BaseModel):
        n: int


async def numbers() -> AsyncIterator[int]:
    yield 1


async def asleep(text: str) -> int:
    return len(text)


async def later(n: int) -> str:
    return str(n)


def is_str(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def shout(stream: JaypieStream[str]) -> JaypieStream[str]:
    return stream.map(str.upper)


def times(stream: JaypieStream[int], factor: int, *, plus: int = 0) -> JaypieStream[int]:
    return stream.map(lambda n: n * factor + plus)


def sources() -> None:
    assert_type(JaypieStream([1, 2]), JaypieStream[int])
    assert_type(JaypieStream(numbers()), JaypieStream[int])
    assert_type(JaypieStream(numbers), JaypieStream[int])
    assert_type(JaypieStream(JaypieStream([1])), JaypieStream[int])
    assert_type(JaypieStream.of(1, 2), JaypieStream[int])
    JaypieStream(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def transform(stream: JaypieStream[int]) -> None:
    assert_type(stream.map(lambda n: n + 1), JaypieStream[int])
    assert_type(stream.map(str), JaypieStream[str])
    assert_type(stream.map(later), JaypieStream[str])
    assert_type(stream.map(partial(later)), JaypieStream[str])
    assert_type(stream.map(lambda n: later(n)), JaypieStream[str])  # noqa: PLW0108 - the lambda is what is tested
    assert_type(stream.filter(lambda n: n > 1), JaypieStream[int])
    assert_type(JaypieStream[object]([]).filter(is_str), JaypieStream[str])
    assert_type(stream.filter_map(lambda n: str(n) if n else None), JaypieStream[str])
    assert_type(JaypieStream[object]([]).of_type(int), JaypieStream[int])
    assert_type(stream.flat_map(lambda n: [str(n)]), JaypieStream[str])
    assert_type(stream.flat_map(lambda n: JaypieStream([n])), JaypieStream[int])
    assert_type(JaypieStream([[1], [2]]).flatten(), JaypieStream[int])
    assert_type(stream.scan(lambda total, n: total + n, 0.5), JaypieStream[float])
    assert_type(stream.map_accum(lambda last, n: (n, str(last)), 0), JaypieStream[str])
    assert_type(stream.enumerate(), JaypieStream[tuple[int, int]])
    assert_type(stream.chunk(2), JaypieStream[tuple[int, ...]])
    assert_type(stream.pairwise(), JaypieStream[tuple[int, int]])
    assert_type(stream.window(2, step=3), JaypieStream[tuple[int, ...]])
    assert_type(stream.group_adjacent(str), JaypieStream[tuple[str, tuple[int, ...]]])
    assert_type(stream.group_adjacent(later, max_size=9), JaypieStream[tuple[str, tuple[int, ...]]])
    assert_type(stream.take_last(1).skip_last(1)[-3:-1], JaypieStream[int])
    assert_type(stream.distinct().distinct(str, max_keys=None), JaypieStream[int])
    assert_type(stream.distinct_until_changed().distinct_until_changed(later), JaypieStream[int])
    assert_type(stream.limit(items=3), JaypieStream[int])
    assert_type(stream.intersperse("a"), JaypieStream[int | str])
    assert_type(stream.timestamp(), JaypieStream[tuple[float, int]])
    assert_type(stream.timestamp(dict[str, int]), JaypieStream[tuple[dict[str, int], int]])
    assert_type(stream.materialize(), JaypieStream[Item[int] | Failure | End])
    assert_type(stream.materialize().dematerialize(), JaypieStream[int])
    assert_type(JaypieStream([Item("a")]).dematerialize(), JaypieStream[str])
    assert_type(stream[1:3], JaypieStream[int])
    assert_type(stream.concat(["a"]), JaypieStream[int | str])
    assert_type(stream + JaypieStream(["a"]), JaypieStream[int | str])
    assert_type(stream.catch(ValueError, lambda _: ["a"]), JaypieStream[int | str])
    assert_type(stream.tap(print).take(1).skip(1), JaypieStream[int])
    stream.map(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    stream.limit(bytes=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream.dematerialize()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    stream.flatten()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def text_and_wire(text: JaypieStream[str], data: JaypieStream[bytes], chunks: JaypieStream[dict[str, Any]]) -> None:
    assert_type(data.decode_utf8(), JaypieStream[str])
    assert_type(text.encode(), JaypieStream[bytes])
    assert_type(text.lines(), JaypieStream[str])
    assert_type(data.lines(), JaypieStream[str])
    assert_type(text.split(","), JaypieStream[str])
    assert_type(data.split(b","), JaypieStream[bytes])
    assert_type(text.limit(bytes=9), JaypieStream[str])
    assert_type(data.limit(items=1, bytes=9), JaypieStream[bytes])
    assert_type(chunks.text(), JaypieStream[str])
    assert_type(chunks.format_sse(), JaypieStream[bytes])
    assert_type(text.format_ndjson(), JaypieStream[bytes])
    assert_type(data.parse_sse(), JaypieStream[SseEvent])
    assert_type(data.parse_ndjson(), JaypieStream[Any])
    assert_type(data.parse_ndjson(Model), JaypieStream[Model])
    assert_type(chunks.format_ai_sdk(sdk=5), JaypieStream[bytes])
    assert_type(text.format_ag_ui(run_id="r"), JaypieStream[bytes])
    assert_type(chunks.format_openai(model="m"), JaypieStream[bytes])
    assert_type(data.parse_ai_sdk(), JaypieStream[dict[str, Any]])
    assert_type(text.parse_ag_ui(), JaypieStream[dict[str, Any]])
    assert_type(data.parse_openai().text(), JaypieStream[str])
    assert_type(chunks.lines(), JaypieStream[dict[str, Any]])
    assert_type(chunks.split(","), JaypieStream[dict[str, Any]])
    assert_type(text.scan_tags("<", ">"), JaypieStream[str | ReasoningChunk])
    assert_type(text.scan_tags({"<": ">"}), JaypieStream[str | ReasoningChunk])
    assert_type(text.scan_tags("<", ">", inside=None), JaypieStream[str])
    assert_type(text.scan_tags("<", ">", inside="quote"), JaypieStream[str | dict[str, Any]])
    assert_type(text.scan_tags("<", ">", inside=len), JaypieStream[str | int])
    assert_type(text.scan_tags("<", ">", inside=asleep), JaypieStream[str | int])
    assert_type(chunks.stop_at("END"), JaypieStream[dict[str, Any]])
    assert_type(text.json_deltas(), JaypieStream[Any])
    data.stop_at("END")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    # bytes are framed already: framing them again is an error
    chunks.format_sse().format_sse()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    text.decode_utf8()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    data.split(",")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    data.encode()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def covariance(stream: JaypieStream[bool]) -> JaypieStream[int]:
    return stream


def compose(stream: JaypieStream[str]) -> None:
    assert_type(stream | shout, JaypieStream[str])
    assert_type(stream.pipe(shout), JaypieStream[str])
    assert_type(JaypieStream([1]).pipe(times, 2, plus=1), JaypieStream[int])
    assert_type(stream | Operator(shout), JaypieStream[str])
    assert_type(Operator(shout) | Operator(shout), Operator[str, str])
    JaypieStream([1]).pipe(shout)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JaypieStream([1]).pipe(times, "2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def terminals(stream: JaypieStream[int], send: Callable[..., Any], receive: Callable[..., Any]) -> None:
    assert_type(await stream.to_list(), list[int])
    assert_type(await stream.reduce(lambda a, b: a + b), int)
    assert_type(await stream.reduce(lambda a, b: a + str(b), ""), str)
    assert_type(await stream.count(), int)
    assert_type(await stream.first(), int)
    assert_type(await stream.first(None), int | None)
    assert_type(await stream.last("x"), int | str)
    assert_type(await stream.for_each(print), int)
    assert_type(await stream.to(JaypieStream[int].to_list), list[int])
    assert_type(await stream.to_asgi({}, receive, send), SinkReport)
    async with stream.open() as items:
        assert_type(items, AsyncIterator[int])
    async for item in stream:
        assert_type(item, int)
