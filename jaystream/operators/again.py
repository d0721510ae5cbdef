"""
Boundaries that go on after an error by running something again, or something else: `retry`, `fallback`.

Lives here: the stages. The methods are `retry.py`'s. Both know what has gone out before the error, and never give an
item twice unless they are told to.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncGenerator, Callable
from functools import partial as bound
from typing import TYPE_CHECKING, Any, cast

from jaystream._core.closing import cancel_requests
from jaystream._core.fuse import follow, plan_of
from jaystream._core.guard import Guard, also, is_async, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.ownership import can_go_on, kind_of
from jaystream._core.plan import Boundary, Plan, Source
from jaystream._core.stages import check_int, check_seconds, common_wire
from jaystream.errors import StreamConsumedError
from jaystream.operators.emitted import Record, check_resumes

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.formats.wire import WireEncoder

EARLIER = 10
"""Errors of earlier runs that are told of with the last one, at most."""


class Recovery(Boundary):
    """
    What both share: which errors they go on after, and what they do where items have gone out.
    """

    __slots__ = ("_awaited", "_predicate", "_types", "partial")

    def __init__(self, on: Any, partial: str) -> None:
        if partial not in {"raise", "restart", "resume"}:
            raise ValueError(
                f'{self.name}(partial=) is "raise", "restart" or "resume", not {describe(partial)}: what to do with an '
                "error that comes after items have been given"
            )
        self.partial: str = partial
        self._types: tuple[type[Exception], ...] | None = None
        self._predicate: Callable[[Exception], Any] | None = None
        self._awaited: bool = False
        if isinstance(on, (type, tuple)) or not callable(on):
            self._types = classes(on, self.name)
        else:
            self._awaited = is_async(on)
            self._predicate = on

    async def ends_with(self, failure: Exception, given: int, earlier: list[str]) -> bool:
        """Whether nothing is tried after *failure*; if so it is told what there is to say about it."""
        if isinstance(failure, StreamConsumedError) or not await self.goes_on_after(failure):
            noted(failure, earlier)
            return True
        if given and self.partial == "raise":
            noted(failure, [refusal(self.name, given)])
            return True
        return False

    async def goes_on_after(self, error: Exception) -> bool:
        """Whether *error* is one of those that were named."""
        if self._types is not None:
            return isinstance(error, self._types)
        ask: Any = self._predicate
        if not self._awaited and needs_guard(ask):
            ask = Guard(ask, f"{self.name}(on=)")
        try:
            return bool(await ask(error) if self._awaited else ask(error))
        except Exception as problem:  # noqa: BLE001 - raised, with its context
            raise also(problem, error)  # noqa: B904 - it has one


def classes(on: Any, operator: str) -> tuple[type[Exception], ...]:
    """
    The exception classes that an argument *on* names.

    Raises:
        TypeError: If it names anything else.
    """
    for each in cast("tuple[object, ...]", on if isinstance(on, tuple) else (on,)):
        if not (isinstance(each, type) and issubclass(each, Exception)):
            raise TypeError(
                f"{operator}(on=) expects exception classes below Exception, or a callable that is asked about the "
                f"error, not {each!r}; there is no going on after a cancellation"
            )
    return cast("tuple[type[Exception], ...]", on if isinstance(on, tuple) else (on,))


def runs_once(origin: object) -> bool:
    """
    Whether it can be seen that *origin* can run only once; a callable may turn out to give the same thing again.
    """
    if kind_of(origin) in {"context", "awaitable"} or can_go_on(origin) is not None:
        return True
    return bool(getattr(origin, "runs_once", False))


def between(value: object, operator: str, argument: str, least: float, most: float | None = None) -> float:
    """
    Give *value* back if it is a number from *least* on, up to *most* where that is given.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is outside.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{operator}({argument}=) expects a number, not {describe(value)}")
    if not (value >= least and (most is None or value <= most)):
        bounds = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
        raise ValueError(f"{operator}({argument}=) must be {bounds}, not {value}")
    return value


class Retry(Recovery):
    __slots__ = ("attempts", "factor", "jitter", "max_wait", "origin", "reset", "wait", "wire")
    name = "retry"
    keeps_items = True
    reruns = True

    def __init__(
        self,
        plan: Plan,
        attempts: int,
        on: Any,
        *,
        wait: float,
        factor: float,
        max_wait: float,
        jitter: float,
        partial: str,
        reset: bool,
    ) -> None:
        self.attempts: int = check_int(attempts, self.name, "attempts", 1)
        super().__init__(on, partial)
        self.wait: float = check_seconds(wait, self.name, "wait", zero=True)
        self.factor: float = between(factor, self.name, "factor", 1)
        self.max_wait: float = check_seconds(max_wait, self.name, "max_wait", zero=True)
        self.jitter: float = between(jitter, self.name, "jitter", 0, 1)
        self.reset: bool = bool(reset)
        source = plan.source
        self.origin: Any = source.origin
        self.wire: Callable[[], WireEncoder] | None = source.wire
        if partial == "resume":
            if any(isinstance(stage, Retry) and stage.partial == partial for stage in plan.stages):
                raise TypeError(
                    'a stream can have one retry(partial="resume"), and this one has one above: of two, each would '
                    "call the source with what has passed itself"
                )
            check_resumes(source.origin, self.name, "the source")
        elif attempts > 1 and source.lender is None and runs_once(source.origin):
            raise TypeError(
                f"retry() runs its source again, and {describe(source.origin)} can run only once: give the stream a "
                "callable that makes the source, as in JaypieStream(lambda: ask(prompt)).retry()"
            )

    def describe(self) -> str:
        return f"retry({self.attempts}, partial={self.partial!r})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        above, requests = loop.upstream, cancel_requests()
        record = Record() if self.partial == "resume" else None
        source = Source(None, self.wire)
        earlier: list[str] = []
        runs, furthest, wait = 1, 0, self.wait
        failure: Exception | None = None
        try:
            while True:
                given = 0
                if record is not None:
                    source.origin = bound(self.origin, record.emitted())
                try:
                    async for x in above.again(loop, None if record is None else source):
                        given += 1
                        if record is not None:
                            record.note(x)
                        yield x
                    break
                except Exception as error:
                    if cancel_requests() > requests:
                        raise  # a cancellation that the source has dressed up as an error
                    failure = error
                await loop.close(failure)
                if await self.ends_with(failure, given, earlier):
                    raise failure
                if self.reset and given > furthest:
                    runs, wait = 1, self.wait
                    earlier.clear()
                # what is given from the start again is progress only where it gets further
                furthest = max(furthest, given) if record is None else 0
                if runs >= self.attempts:
                    raise noted(failure, earlier)
                earlier.append(f"retry(): run {runs} of {self.attempts} failed with {say(failure)}")
                del earlier[:-EARLIER]
                pause, failure = self._pause(wait, failure), None
                runs, wait = runs + 1, min(wait * self.factor, self.max_wait)
                await sleep(pause)
        except BaseException as error:
            failure = None
            if not await loop.close(error):
                raise
        await loop.close()

    def _pause(self, wait: float, failure: Exception) -> float:
        """The seconds to wait: the schedule's, some part taken off at random, or more where the server said so."""
        import random  # noqa: PLC0415 - it loads with the first run that waits, not with the package

        pause = min(wait, self.max_wait) * (1 - self.jitter * random.random())  # noqa: S311 - no secret
        asked = getattr(failure, "retry_after", None)
        if isinstance(asked, (int, float)) and asked > pause:
            return min(asked, self.max_wait)
        return pause


class Fallback(Recovery):
    __slots__ = ("others", "wire")
    name = "fallback"

    def __init__(self, plan: Plan, others: tuple[Any, ...], on: Any, partial: str) -> None:
        super().__init__(on, partial)
        if partial == "resume":
            for number, other in enumerate(others, 1):
                check_resumes(other, self.name, f"source {number}")
        self.others: tuple[Plan, ...] = tuple(map(plan_of, others))
        self.wire: Callable[[], WireEncoder] | None = common_wire(plan.wire, self.others)

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        return self.wire

    def describe(self) -> str:
        return f"fallback({len(self.others)} more, partial={self.partial!r})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        requests = cancel_requests()
        record = Record() if self.partial == "resume" else None
        given = 0
        earlier: list[str] = []
        failure: Exception | None = None
        others = iter(self.others)
        try:
            items = await loop.begin()
            while True:
                try:
                    async for x in items:
                        given += 1
                        if record is not None:
                            record.note(x)
                        yield x
                    break
                except Exception as error:
                    if cancel_requests() > requests:
                        raise  # a cancellation that the source has dressed up as an error
                    failure = error
                await loop.close(failure)
                if await self.ends_with(failure, given, earlier):
                    raise failure
                other = next(others, None)
                if other is None:
                    raise noted(failure, earlier)
                earlier.append(f"fallback(): source {len(earlier) + 1} failed with {say(failure)}")
                failure = None
                if record is not None:
                    make: Any = other.source.origin
                    other = Plan(Source(bound(make, record.emitted())))
                items = follow(other, loop)
        except BaseException as error:
            failure = None
            if not await loop.close(error):
                raise
        await loop.close()


def say(error: Exception) -> str:
    """
    An error in one line.
    """
    return f"{type(error).__name__}: {error}"


def refusal(operator: str, given: int) -> str:
    """
    What is said where items had been given, and so nothing was run again.
    """
    what = "the source was not run again" if operator == "retry" else "no other source was tried"
    return (
        f"{operator}(): {given} item{'' if given == 1 else 's'} had been given, so {what}, which would repeat them: "
        'partial="resume" calls a source that can go on from there, partial="restart" gives all of them again, and '
        "catch() goes on with something else"
    )


def noted(error: Exception, notes: list[str]) -> Exception:
    """
    The error to raise, with what is to be said about it; an error that is raised again and again says it once.
    """
    for note in notes:
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
    return error
