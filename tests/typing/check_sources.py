"""
What type checkers make of the sources. Nothing here runs; `make types` reads it.

`assert_type` lines state what is inferred, ignored lines what must be an error: an ignore without an error is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Never, assert_type

from jaystream import JaypieStream


def step(n: int) -> tuple[str, int] | None:
    return (str(n), n + 1) if n < 3 else None


async def step_later(n: int) -> tuple[str, int] | None:
    return step(n)


def page(cursor: str | None) -> tuple[list[int], str | None]:
    return [1], cursor


async def page_later(cursor: str | None) -> tuple[list[int], str | None]:
    return page(cursor)


def made() -> None:
    assert_type(JaypieStream.of(1, 2), JaypieStream[int])
    assert_type(JaypieStream.of("a"), JaypieStream[str])
    assert_type(JaypieStream.of(), JaypieStream[Never])
    assert_type(JaypieStream.never(), JaypieStream[Never])
    assert_type(JaypieStream.fail(ValueError), JaypieStream[Never])
    assert_type(JaypieStream.fail(ValueError("x")), JaypieStream[Never])
    assert_type(JaypieStream.tick(1.5, immediate=False), JaypieStream[int])
    assert_type(JaypieStream.from_file(Path("x")), JaypieStream[bytes])
    assert_type(JaypieStream.from_file("x").lines(), JaypieStream[str])
    assert_type(JaypieStream.unfold(step, 0), JaypieStream[str])
    assert_type(JaypieStream.unfold(step_later, 0), JaypieStream[str])
    assert_type(JaypieStream.unfold(lambda n: (str(n), n + 1), 0), JaypieStream[str])
    assert_type(JaypieStream.paginate(page), JaypieStream[int])
    assert_type(JaypieStream.paginate(page_later, "a"), JaypieStream[int])


def nothing() -> JaypieStream[int]:
    # what gives nothing fits everywhere
    return JaypieStream.never()


def composed(stream: JaypieStream[int]) -> None:
    assert_type(stream.concat(JaypieStream.fail(ValueError)), JaypieStream[int])
    assert_type(stream + JaypieStream.of("a"), JaypieStream[int | str])


def refused() -> None:
    JaypieStream.fail("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JaypieStream.tick("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JaypieStream.from_file(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JaypieStream.unfold(step, "a")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    JaypieStream.paginate(step, "a")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
