"""
An operator that refuses what is too much: `limit`.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, cast, overload

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import check_int
from jaystream.errors import LimitExceededError
from jaystream.formats.utf8 import encode_utf8

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["LimitMixin"]


def size_of(item: object) -> int:
    """
    How many bytes text or bytes have on the wire.

    Raises:
        TypeError: If *item* is neither.
    """
    if isinstance(item, str):
        return len(item) if item.isascii() else len(encode_utf8(item))
    if isinstance(item, (bytes, bytearray)):
        return len(cast("bytes", item))
    if isinstance(item, memoryview):
        return cast("memoryview[int]", item).nbytes
    raise TypeError(f"limit(bytes=) counts text and bytes, not {describe(item)}; format or encode the items first")


class Limit(Stage):
    __slots__ = ("items", "size")
    name = "limit"
    names: tuple[str, ...] = ("items", "too_many", "size", "too_large", "size_of")
    keeps_items = True

    def __init__(self, items: int | None, size: int | None) -> None:
        self.items: int | None = items
        self.size: int | None = size

    @property
    def shape(self) -> Hashable:
        return (type(self), self.items is None, self.size is None)

    def values(self) -> tuple[object, ...]:
        too_many = partial(LimitExceededError, "stream", self.items or 0, "items", "items")
        too_large = partial(LimitExceededError, "stream", self.size or 0, "bytes", "bytes")
        return (self.items, too_many, self.size, too_large, size_of)

    def describe(self) -> str:
        bounds = {"items": self.items, "bytes": self.size}
        return f"limit({', '.join(f'{name}={bound}' for name, bound in bounds.items() if bound is not None)})"

    def write_setup(self, code: LoopWriter) -> None:
        if self.items is not None:
            code.line(f"{code.name('n')} = {code.name('items')}")
        if self.size is not None:
            code.line(f"{code.name('rest')} = {code.name('size')}")

    def write(self, code: LoopWriter) -> None:
        n, rest = code.name("n"), code.name("rest")
        if self.items is not None:
            with code.block(f"if not {n}:"):
                code.line(f"raise {code.name('too_many')}()")
            code.line(f"{n} -= 1")
        if self.size is not None:
            code.line(f"{rest} -= {code.name('size_of')}(x)")
            with code.block(f"if {rest} < 0:"):
                code.line(f"raise {code.name('too_large')}()")


class LimitMixin(Described[T_co]):
    """
    `limit`.
    """

    __slots__ = ()

    @overload
    def limit(self, *, items: int) -> JaypieStream[T_co]: ...
    @overload
    def limit(self: LimitMixin[str], *, items: int | None = None, bytes: int) -> JaypieStream[str]: ...
    @overload
    def limit(self: LimitMixin[bytes], *, items: int | None = None, bytes: int) -> JaypieStream[bytes]: ...
    @overload
    def limit(self: LimitMixin[bytes | str], *, items: int | None = None, bytes: int) -> JaypieStream[bytes | str]: ...
    def limit(self, *, items: int | None = None, bytes: int | None = None) -> JaypieStream[Any]:
        """
        Fail when more comes than was agreed: a guard, where `take` is a choice.

        Args:
            items: How many items may come.
            bytes: How many bytes the items may have together, for text and bytes alone. Text counts as the UTF-8 that
                it becomes on the wire.

        Raises:
            TypeError: At this call, if neither is given; in the run, where bytes are counted, at any other item.
            ValueError: At this call, if one is negative.
            LimitExceededError: In the run, at the first item that is too much.

        Flow:
            Keeps order, holds one item. The items before that one have been given; it is given neither whole nor in
            part, so that no frame is cut.

        >>> asyncio.run(JaypieStream.of("a", "b").limit(items=2, bytes=10).to_list())
        ['a', 'b']
        >>> asyncio.run(JaypieStream.of("a", "b").limit(items=1).to_list())
        Traceback (most recent call last):
            ...
        jaystream.errors.LimitExceededError: stream of more than 1 items; items= allows no more
        """
        if items is None and bytes is None:
            raise TypeError("limit() expects a bound: limit(items=n), limit(bytes=n) or both")
        for name, bound in (("items", items), ("bytes", bytes)):
            if bound is not None:
                check_int(bound, "limit", name, 0)
        return self._then(Limit(items, bytes))
