"""
What formats and parsers keep: nothing depends on how the bytes were cut, and what was formatted can be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

from jaystream import JaypieStream
from jaystream.testing.saying import expect, expect_same

__all__ = ["counts_bytes_however_cut", "every_single_cut", "ignores_how_it_is_cut", "parses_what_it_formats"]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]


async def ignores_how_it_is_cut(
    operate: Operate, whole: bytes | str, cuts: Iterable[Sequence[Any]], *, joined: bool = False
) -> None:
    """
    L11: the output is the same however the input is cut: into single bytes, with empty pieces, inside a character,
    inside a CRLF.

    *joined* compares the output as one text or body, for an operator that keeps the pieces of its input.
    """

    async def run(pieces: Sequence[Any]) -> Any:
        """The output, or the error by its type."""
        try:
            output = await operate(JaypieStream(pieces)).to_list()
        except Exception as error:  # noqa: BLE001 - that errors come alike is part of the law
            return type(error)
        return output[0][:0].join(output) if joined and output else output

    wanted = await run([whole])
    for pieces in cuts:
        expect_same(wanted, await run(pieces), f"output of {list(pieces)!r}")


def every_single_cut(whole: Any) -> list[list[Any]]:
    """
    *whole* in two pieces, for each place to cut it, and at last in single ones with empty ones between them.
    """
    apart = [piece for at in range(len(whole)) for piece in (whole[:0], whole[at : at + 1])]
    return [[whole[:at], whole[at:]] for at in range(len(whole) + 1)] + [apart]


async def counts_bytes_however_cut(
    limited: Callable[[JaypieStream[Any], int], JaypieStream[Any]],
    error: type[Exception],
    whole: bytes | str,
    most: int,
    cuts: Iterable[Sequence[Any]],
) -> None:
    """
    L11 for a bound of bytes (*limited* puts one of *most* on a stream), which gives its items whole: whether it fails,
    with *error*, depends on the bytes alone and not on the cuts; and what came before is every piece that fits.
    """
    size = _size(whole)
    for pieces in cuts:
        got: list[Any] = []
        failure: Exception | None = None
        try:
            await limited(JaypieStream(pieces), most).for_each(got.append)
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        told = f"{size} bytes, {most} allowed, cut as {list(pieces)!r}"
        expect(isinstance(failure, error) if size > most else failure is None, f"{told}: ended with {failure!r}")
        fit = [total <= most for total in accumulate(map(_size, pieces))]
        expect_same([*pieces][: sum(fit)], got, f"pieces given of {told}")


def _size(text: bytes | str) -> int:
    return len(text.encode() if isinstance(text, str) else text)


async def parses_what_it_formats(
    write: Operate,
    read: Operate,
    items: Sequence[Any],
    expected: Sequence[Any],
    cut: Callable[[bytes], Sequence[bytes]],
) -> None:
    """
    L12: parsing what was formatted gives the items back, as the format's rules say (*expected*), however it was cut.
    """
    pieces: list[bytes] = await write(JaypieStream(items)).to_list()
    expect_same(list(expected), await read(JaypieStream(pieces)).to_list(), "what was parsed")
    wire = b"".join(pieces)
    expect_same(list(expected), await read(JaypieStream(cut(wire))).to_list(), f"what was parsed of {cut(wire)!r}")
