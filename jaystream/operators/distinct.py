"""
Operators that leave out what has been seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Any

from jaystream._core.plan import Described, T_co
from jaystream._core.stages import MaybeCallStage, check_int
from jaystream.errors import LimitExceededError

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["DistinctMixin"]

MAX_KEYS = 65_536
"""Keys that `distinct` remembers where nobody said otherwise."""


class _Keyed(MaybeCallStage):
    __slots__ = ()
    keeps_items = True

    def write_key(self, code: LoopWriter) -> str:
        """The expression for the key, which may be used more than once."""
        if not self.called:
            return "x"
        code.line(f"{code.name('key')} = {self.call(code.name('f'), 'x')}")
        return code.name("key")


class Distinct(_Keyed):
    __slots__ = ("max_keys",)
    name = "distinct"
    names: tuple[str, ...] = ("f", "most", "refusal")

    def __init__(self, key: Callable[..., Any] | None, max_keys: int) -> None:
        super().__init__(key)
        self.max_keys: int = max_keys

    def values(self) -> tuple[object, ...]:
        return (self.f, self.max_keys, partial(LimitExceededError, "set", self.max_keys, "distinct keys", "max_keys"))

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('seen')} = set()")
        code.line(f"{code.name('add')} = {code.name('seen')}.add")

    def write(self, code: LoopWriter) -> None:
        seen, key = code.name("seen"), self.write_key(code)
        code.skip(f"{key} in {seen}")
        with code.block(f"if len({seen}) == {code.name('most')}:"):
            code.line(f"raise {code.name('refusal')}()")
        code.line(f"{code.name('add')}({key})")


class DistinctUntilChanged(_Keyed):
    __slots__ = ()
    name = "distinct_until_changed"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('begun')}, {code.name('last')} = False, None")

    def write(self, code: LoopWriter) -> None:
        begun, last, key = code.name("begun"), code.name("last"), self.write_key(code)
        code.skip(f"{begun} and {key} == {last}")
        code.line(f"{begun}, {last} = True, {key}")


class DistinctMixin(Described[T_co]):
    """
    `distinct`, `distinct_until_changed`.
    """

    __slots__ = ()

    def distinct(
        self, key: Callable[[T_co], object] | None = None, *, max_keys: int | None = MAX_KEYS
    ) -> JaypieStream[T_co]:
        """
        Leave out items that have come before, near or far.

        Args:
            key: What of an item is compared, sync or async; the item itself where none is given. Keys must be hashable.
            max_keys: How many different keys may come, 65,536 where nothing is said; None for any number. All are
                remembered.

        Raises:
            TypeError: At this call, if *key* cannot be called; in the run, at a key that is not hashable.
            ValueError: At this call, if *max_keys* is below 1.
            LimitExceededError: In the run, at one key more than *max_keys*. None is ever forgotten, so that no item
                comes twice.

        Flow:
            Keeps order, gives the first item of each key. Holds at most *max_keys* keys.

        >>> asyncio.run(JaypieStream.of(1, 2, 1, 3, 2).distinct().to_list())
        [1, 2, 3]
        """
        most = maxsize if max_keys is None else check_int(max_keys, "distinct", "max_keys", 1)
        return self._then(Distinct(key, most))

    def distinct_until_changed(self, key: Callable[[T_co], object] | None = None) -> JaypieStream[T_co]:
        """
        Leave out items that are equal to the one before them.

        Args:
            key: What of an item is compared by `==`, sync or async; the item itself where none is given.

        Raises:
            TypeError: At this call, if *key* cannot be called.

        Flow:
            Keeps order, gives the first item of each run of equal ones. Holds one key.

        >>> asyncio.run(JaypieStream.of(1, 1, 2, 2, 1).distinct_until_changed().to_list())
        [1, 2, 1]
        """
        return self._then(DistinctUntilChanged(key))
