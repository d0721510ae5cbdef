"""
`switch_map`: of the sources that the items make, the newest alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.fuse import Above
from jaystream._core.guard import check_callable
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream.operators.mix import calling

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource, Items
    from jaystream.stream import JaypieStream

__all__ = ["SwitchMixin"]

R = TypeVar("R")


class SwitchMap(Boundary):
    __slots__ = ("f",)
    name = "switch_map"
    pumped = True

    def __init__(self, f: Callable[..., Any]) -> None:
        check_callable(f, self.name)
        self.f: Callable[..., Any] = f

    def describe(self) -> str:
        return f"switch_map({getattr(self.f, '__qualname__', None) or describe(self.f)})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        plan_for, inner = calling(self.f, self.name), None
        try:
            outer = pumps.start(loop.upstream, Inlet(pumps))
            while pumps.running:
                pumps.ready.clear()  # no turns here: a new item comes before what the old source has
                if inner is not None and inner.error is not None:
                    pumps.forget(inner)
                elif outer.held:
                    item = outer.held.popleft()
                    outer.wake()
                    if inner is not None:
                        await pumps.drop([inner])
                        if isinstance(inner.error, Exception):
                            raise inner.error  # it failed just before
                    inner = pumps.start(Above(plan_for(item)), Inlet(pumps))
                elif outer.ended and outer in pumps.running:
                    pumps.forget(outer)
                elif inner is not None and inner.held:
                    x = inner.held.popleft()
                    inner.wake()
                    yield x  # the next one comes from another task, so the event loop has its turns
                elif inner is not None and inner.ended:
                    pumps.forget(inner)
                    inner = None
                else:
                    await pumps.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class SwitchMixin(Described[T_co]):
    """
    `switch_map`.
    """

    __slots__ = ()

    @overload
    def switch_map(self, f: Callable[[T_co], Coroutine[Any, Any, Items[R]]]) -> JaypieStream[R]: ...
    @overload
    def switch_map(self, f: Callable[[T_co], AnySource[R]]) -> JaypieStream[R]: ...
    def switch_map(self, f: Callable[[T_co], Any]) -> JaypieStream[Any]:
        """
        Read the source that *f* makes of the newest item; the one before is closed as soon as the next item comes.

        Args:
            f: Called with the item, sync or async; gives any source (`JaypieStream` names the kinds).

        Raises:
            TypeError: At this call, if *f* cannot be called; in the run, if what it gives is no source.

        Flow:
            Keeps order, holds one item and one item of the open source. Each source is read in a task of its own, in
            which *f* is called too; when the next item comes, *f* or the source is cancelled, and closed before the
            next source is opened. What it gave and nobody has taken is dropped, and where items come at once *f* may
            not be called for those in between. New items are looked for each time that one is asked for. The stream
            ends when this one and the last source have ended. An error of this stream, of *f*, of a source or of its
            closing ends the stream, and closes what is open; so do an early stop and a cancellation.

        >>> asyncio.run(JaypieStream.of("a b").switch_map(str.split).to_list())
        ['a', 'b']
        """
        return self._then(SwitchMap(f))
