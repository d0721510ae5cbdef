"""
What several operator families build on: stages round one callable, and the words their types use.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from jaystream._core.guard import check_callable, is_async, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.plan import Plan, Stage

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder

R = TypeVar("R")

Items: TypeAlias = "AsyncIterable[R] | Iterable[R]"
Opened: TypeAlias = "Items[R] | AbstractAsyncContextManager[Items[R]] | Awaitable[Items[R]]"
AnySource: TypeAlias = "Opened[R] | Callable[[], Opened[R]]"
"""Everything that items can come from; `str`, `bytes` and mappings are refused at run time."""


class CallStage(Stage):
    """
    A stage round one callable, sync or async.
    """

    __slots__ = ("f", "guarded", "is_async")
    names: tuple[str, ...] = ("f",)

    def __init__(self, f: Callable[..., Any]) -> None:
        check_callable(f, self.name)
        self.f: Callable[..., Any] = f
        self.is_async: bool = is_async(f)
        self.guarded: bool = not self.is_async and needs_guard(f)

    @property
    def shape(self) -> Hashable:
        return (type(self), self.is_async, self.guarded)

    def values(self) -> tuple[object, ...]:
        return (self.f,)

    def describe(self) -> str:
        return f"{self.name}({getattr(self.f, '__qualname__', None) or describe(self.f)})"

    def call(self, f: str, arguments: str) -> str:
        """The expression that calls the variable *f*, and awaits where that is needed."""
        return f"await {f}({arguments})" if self.is_async else f"{f}({arguments})"


class MaybeCallStage(CallStage):
    """
    A stage round a callable that may be left out.
    """

    __slots__ = ("called",)

    def __init__(self, f: Callable[..., Any] | None) -> None:
        super().__init__(_nothing if f is None else f)
        self.called: bool = f is not None
        self.guarded: bool = self.guarded and self.called

    @property
    def shape(self) -> Hashable:
        return (super().shape, self.called)

    def describe(self) -> str:
        return super().describe() if self.called else self.name


def _nothing() -> None:
    """Stands for a callable that was left out; it is never called."""


def common_wire(above: Callable[[], WireEncoder] | None, others: Sequence[Plan]) -> Callable[[], WireEncoder] | None:
    """
    What makes the encoder of the format that several sources are in: bytes of one format stay in it.
    """
    if above is None:
        return None
    wanted = _kind_of(above())
    wires = [other.wire for other in others]
    return above if all(wire is not None and _kind_of(wire()) == wanted for wire in wires) else None


def _kind_of(encoder: WireEncoder) -> tuple[type, str]:
    return type(encoder), encoder.media_type


def check_int(value: object, operator: str, argument: str, least: int | None = None) -> int:
    """
    Give *value* back if it is a whole number, of at least *least* where that is given.

    Raises:
        TypeError: If it is no whole number.
        ValueError: If it is below *least*.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{operator}({argument}=) expects a whole number, not {describe(value)}")
    if least is not None and value < least:
        raise ValueError(f"{operator}({argument}=) must be at least {least}, not {value}")
    return value


def check_seconds(value: object, operator: str, argument: str, *, zero: bool = False) -> float:
    """
    Give *value* back if it is a number of seconds above 0 (from 0 on with *zero*).

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative, 0 where that means nothing, or not a number.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{operator}({argument}=) expects a number of seconds, not {describe(value)}")
    if not (value >= 0 if zero else value > 0):
        raise ValueError(f"{operator}({argument}=) must be {'at least' if zero else 'above'} 0 seconds, not {value}")
    return value
