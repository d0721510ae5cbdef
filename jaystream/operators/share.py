"""
Operators that let somebody else have a part too: `borrow` of the source, `also_to` of the items.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from jaystream._core.guard import check_callable
from jaystream._core.inspecting import describe
from jaystream._core.ownership import can_go_on
from jaystream._core.plan import Boundary, Described, Source, T_co
from jaystream._core.side import Side, serve

if TYPE_CHECKING:
    from jaystream._core.lanes import Lane
    from jaystream._core.run import Loop
    from jaystream.stream import JaypieStream

__all__ = ["ShareMixin"]

P = ParamSpec("P")


class AlsoTo(Boundary):
    __slots__ = ("run", "sink")
    name = "also_to"
    keeps_items = True

    def __init__(self, sink: Callable[..., Any], run: Callable[[Lane[Any]], Coroutine[Any, Any, Any]]) -> None:
        self.sink: Callable[..., Any] = sink
        self.run: Callable[[Lane[Any]], Coroutine[Any, Any, Any]] = run

    def describe(self) -> str:
        return f"{self.name}({getattr(self.sink, '__qualname__', None) or describe(self.sink)})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        side = Side(loop, self.run)
        loop.owned.append(side)
        put = side.lane.put
        try:
            wanted = await side.wanted()
            async for x in await loop.begin():
                if wanted:
                    put(x)
                yield x
                wanted = await side.wanted()
            await side.finish()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class ShareMixin(Described[T_co]):
    """
    `borrow`, `also_to`.
    """

    __slots__ = ()

    def borrow(self) -> JaypieStream[T_co]:
        """
        Leave the source open: runs read from it, do not close it, and each goes on where the one before stopped.

        It is about the iterator that the pipeline was built over, wherever in the pipeline it is written. That stays
        with whoever made it, who closes it; all else that a run opens is closed by that run as ever. So one iterator
        can be read in parts: a head by one pipeline and the rest by another, the last of them without `borrow`.

        Raises:
            TypeError: At this call, if the source is no iterator, async or plain: a list or a callable begins anew
                with each run. Of such a source, `aiter` or `iter` gives an iterator; of a context manager, entering.
            StreamConsumedError: In the run, if a run without `borrow` has closed the source.

        Flow:
            As the pipeline has it. An iterator that has ended gives nothing more; one that failed or was cancelled
            at its item gives what it gives after that, for a generator nothing. What stages held at an early stop
            (a part of a chunk, say) is not kept for the next run.

        >>> numbers = JaypieStream(iter(range(5))).borrow()
        >>> asyncio.run(numbers.take(2).to_list()), asyncio.run(numbers.to_list())
        ([0, 1], [2, 3, 4])
        """
        plan = self._plan
        source = plan.source
        if can_go_on(source.origin) is None:
            raise TypeError(
                "borrow() is for a stream over an iterator, async or plain, which can go on where a run has stopped; "
                f"{describe(source.origin)} is none: stream what aiter(), iter() or entering it gives"
            )
        return self._over(Source(source.origin, source.wire, source.lender or source), plan.stages, plan.loan)

    def also_to(
        self,
        sink: Callable[Concatenate[JaypieStream[T_co], P], Coroutine[Any, Any, object]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> JaypieStream[T_co]:
        """
        Run a side sink on the same items while the stream goes on.

        Args:
            sink: Called with a stream of the items and the other arguments, in a task of its own; gives a coroutine,
                whose result is dropped. Its stream runs once, and has the format of this one.

        Raises:
            TypeError: At this call, if *sink* cannot be called; in the run, if it gives no coroutine.

        Flow:
            Keeps order, holds one item, reads none ahead: an item is pulled when this stream and the sink both ask
            for one, so the slower sets the pace. A sink that leaves early is not waited for. The run waits for the
            sink before it ends. The sink's stream ends when this one has ended or was stopped early; an error, above
            or below, is its error too, after the items before; a cancellation cancels it. An error of the sink ends
            the stream, at the latest with the next item, which is not given; where the run had failed already it is
            a note. The sink has 10 seconds for its end, other than after a whole stream.

        >>> async def log(stream, name):
        ...     print(name, await stream.to_list())
        >>> asyncio.run(JaypieStream.of(1, 2).also_to(log, "seen").map(str).to_list())
        seen [1, 2]
        ['1', '2']
        """
        check_callable(sink, "also_to")
        plan, over = self._plan, self._over

        def run(lane: Lane[Any]) -> Coroutine[Any, Any, Any]:
            return serve(sink, over(Source(lane, plan.wire)), *args, **kwargs)

        return self._then(AlsoTo(sink, run))
