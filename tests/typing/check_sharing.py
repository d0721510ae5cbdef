"""
What type checkers make of operators and sinks with several parties, and of per-item errors. Nothing here runs; `make
types` reads it.

`assert_type` lines state what is inferred, ignored lines what must be an error: an ignore without an error is one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, assert_type

from jaystream import Emitter, JaypieStream, SinkReport

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jaystream.errors import InvalidJsonError

    class Model(BaseModel):
        n: int


async def later(n: int) -> str:
    return str(n)


def mend(n: int, error: Exception) -> bytes:
    return b""


async def mend_later(n: int, error: Exception) -> bytes:
    return b""


def mend_line(line: bytes, error: InvalidJsonError) -> None: ...


async def mend_line_later(line: bytes, error: InvalidJsonError) -> bytes:
    return line


async def log(stream: JaypieStream[int], name: str, *, times: int = 1) -> float:
    return 0.5


def zipped(stream: JaypieStream[int], text: JaypieStream[str]) -> None:
    assert_type(stream.zip(text), JaypieStream[tuple[int, str]])
    assert_type(stream.zip(text, [b""], strict=True), JaypieStream[tuple[int, str, bytes]])
    assert_type(stream.zip(text, [b""], (0.5,)), JaypieStream[tuple[int, str, bytes, float]])
    assert_type(stream.zip(text, [b""], (0.5,), text), JaypieStream[tuple[int, str, bytes, float, str]])
    assert_type(stream.zip(*[text, text]), JaypieStream[tuple[int | str, ...]])
    assert_type(stream.zip(text, strict="longest"), JaypieStream[tuple[int | None, str | None]])
    assert_type(stream.zip(text, strict="longest", fill=b""), JaypieStream[tuple[int | bytes, str | bytes]])
    assert_type(stream.zip(text, [b""], strict="longest"), JaypieStream[tuple[int | None, str | None, bytes | None]])
    stream.zip(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    stream.zip(text, strict="shortest")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def shared(stream: JaypieStream[int], text: JaypieStream[str]) -> None:
    assert_type(stream.borrow(), JaypieStream[int])
    assert_type(stream.also_to(log, "name", times=2), JaypieStream[int])
    assert_type(stream.also_to(JaypieStream[int].drain), JaypieStream[int])
    assert_type(stream.also_to(lambda s: s.map(str).to_list()), JaypieStream[int])
    text.also_to(log, "name")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream.also_to(log)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def over_one_run(stream: JaypieStream[int], n: int) -> None:
    assert_type(stream.broadcast(2), tuple[JaypieStream[int], JaypieStream[int]])
    assert_type(stream.broadcast(3, buffer=1), tuple[JaypieStream[int], JaypieStream[int], JaypieStream[int]])
    assert_type(stream.broadcast(n, on_slow="drop"), tuple[JaypieStream[int], ...])
    stream.broadcast(2, on_slow="die")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert_type(stream.partition(bool), tuple[JaypieStream[int], JaypieStream[int]])
    assert_type(stream.partition(later), tuple[JaypieStream[int], JaypieStream[int]])
    stream.partition(mend)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert_type(stream.group_by(str), JaypieStream[tuple[str, JaypieStream[int]]])
    assert_type(stream.group_by(later), JaypieStream[tuple[str, JaypieStream[int]]])
    assert_type(stream.group_by(lambda x: x % 2, idle=1.5), JaypieStream[tuple[int, JaypieStream[int]]])
    assert_type(stream.group_by(str).flat_map(lambda group: group[1], concurrency=9), JaypieStream[int])
    stream.group_by(lambda x: [x])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportCallIssue, reportArgumentType]


def held(stream: JaypieStream[int], lists: JaypieStream[list[int]]) -> None:
    assert_type(stream.buffer(3), JaypieStream[int])
    assert_type(stream.buffer(3, overflow="drop_oldest", on_drop=print), JaypieStream[int])
    stream.buffer(3, overflow="grow")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(lists.conflate(lambda a, b: a + b), JaypieStream[list[int]])
    stream.conflate(lambda a, b: str(a + b))  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]


async def teed(stream: JaypieStream[int], data: JaypieStream[bytes]) -> None:
    assert_type(await stream.tee(JaypieStream[int].to_list), tuple[list[int]])
    assert_type(await stream.tee(JaypieStream[int].to_list, JaypieStream[int].count), tuple[list[int], int])
    assert_type(await stream.tee(JaypieStream[int].drain, partial(log, name="x")), tuple[None, float])
    assert_type(await data.tee(lambda s: s.to_file("a"), lambda s: s.to_file("b")), tuple[SinkReport, SinkReport])
    sinks = [JaypieStream[int].count, JaypieStream[int].count]
    assert_type(await stream.tee(*sinks), tuple[int, ...])
    await stream.tee(later)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


def per_item_errors(stream: JaypieStream[int], data: JaypieStream[bytes]) -> None:
    assert_type(stream.map(str, on_error=mend), JaypieStream[str | bytes])
    assert_type(stream.map(str, on_error=mend_later), JaypieStream[str | bytes])
    assert_type(stream.map(later, on_error=mend), JaypieStream[str | bytes])
    assert_type(stream.map(later, on_error=mend_later), JaypieStream[str | bytes])
    assert_type(stream.map(lambda n: n + 1, on_error=lambda n, error: None), JaypieStream[int | None])
    assert_type(data.parse_ndjson(on_error=mend_line), JaypieStream[Any])
    assert_type(data.parse_ndjson(Model, on_error=mend_line), JaypieStream[Model | None])
    assert_type(data.parse_ndjson(Model, on_error=mend_line_later), JaypieStream[Model | bytes])
    assert_type(data.parse_ndjson(Model, on_error=mend_line).of_type(Model), JaypieStream[Model])
    stream.map(str, on_error=mend_line)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def pushed() -> None:
    emitter = Emitter[int](3)
    assert_type(emitter.stream, JaypieStream[int])
    await emitter.send(1)
    emitter.send_nowait("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    emitter.fail("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
