"""
`retry`, `fallback`: going on after an error by running something again, or something else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from jaystream._core.plan import Described, T_co
from jaystream.operators.again import Fallback, Retry

if TYPE_CHECKING:
    from jaystream._core.stages import AnySource
    from jaystream.operators.emitted import GoingOn
    from jaystream.stream import JaypieStream

__all__ = ["RetryMixin"]

U = TypeVar("U")

On: TypeAlias = "type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | Awaitable[bool]]"


class RetryMixin(Described[T_co]):
    """
    `retry`, `fallback`.
    """

    __slots__ = ()

    def retry(
        self,
        attempts: int = 3,
        *,
        on: On = Exception,
        wait: float = 0.5,
        factor: float = 2,
        max_wait: float = 30,
        jitter: float = 0.5,
        partial: Literal["raise", "restart", "resume"] = "raise",
        reset: bool = True,
    ) -> JaypieStream[T_co]:
        """
        When something above fails, run all of it again: the source and every stage above, from new.

        The wait before run n + 1 is *wait* x *factor* ** (n - 1), at most *max_wait*, less a random part. A server that
        said how long to wait (a number of seconds as `retry_after` on the error) is waited for that long, up to
        *max_wait*.

        Args:
            attempts: Runs in all, from 1 on.
            on: Which errors: classes below `Exception`, or a callable that is asked about the error, sync or async.
            wait: Seconds before the second run, from 0 on.
            factor: What each further wait grows by, from 1 on.
            max_wait: Seconds that no wait is longer than.
            jitter: The part of each wait that may be taken off at random, from 0 to 1; by the module `random`.
            partial: What to do once items have been given. "raise": nothing is run again, and a note on the error says
                so. "restart": the items come again from the first on, for consumers that replace what they have; a
                source that gives a sign of its own as its first item tells them when. "resume": the source goes on
                from there: it is a callable with one argument, and each run, the first too, calls it with an
                `Emitted`.
            reset: Whether the count and the waits begin anew after a run that got further than those before.

        Raises:
            TypeError: At this call, if the source can run only once, if it cannot be called with an `Emitted` under
                "resume", or for an argument of a wrong type.
            ValueError: At this call, for an argument out of range.

        Flow:
            Keeps order, holds one item; "resume" keeps the text given so far, and of other items the last. What
            failed is closed before the wait begins. The error of the last run goes on, with those before as notes.
            Errors of the stages below and of the consumer never come here. A cancellation is never retried, and ends a
            wait. A source that turns out to run only once ends it with a `StreamConsumedError`.

        >>> answers = iter([OSError("busy"), [1, 2]])
        >>> def ask():
        ...     answer = next(answers)
        ...     return JaypieStream.fail(answer) if isinstance(answer, OSError) else answer
        >>> asyncio.run(JaypieStream(ask).retry(on=OSError, wait=0.01).to_list())
        [1, 2]
        """
        return self._then(
            Retry(
                self._plan,
                attempts,
                on,
                wait=wait,
                factor=factor,
                max_wait=max_wait,
                jitter=jitter,
                partial=partial,
                reset=reset,
            )
        )

    @overload
    def fallback(
        self, *others: GoingOn[U], on: On = Exception, partial: Literal["resume"]
    ) -> JaypieStream[T_co | U]: ...
    @overload
    def fallback(
        self, *others: AnySource[U], on: On = Exception, partial: Literal["raise", "restart"] = "raise"
    ) -> JaypieStream[T_co | U]: ...
    def fallback(self, *others: Any, on: On = Exception, partial: str = "raise") -> JaypieStream[Any]:
        """
        When something above fails, go on with the first of *others*, when that fails too with the next, and so on.

        Args:
            others: Any sources. None is opened before its turn.
            on: Which errors: classes below `Exception`, or a callable that is asked about the error, sync or async.
            partial: What to do once items have been given. "raise": the error goes on, and a note on it says so.
                "restart": the other source gives its items all the same, from its first on, for consumers that replace
                what they have. "resume": each of *others* is a callable with one argument, and is called with an
                `Emitted` that says what was given.

        Raises:
            TypeError: At this call, if one of *others* is no source, or cannot be called with an `Emitted` under
                "resume", or for another *on*.
            ValueError: At this call, for another *partial*.

        Flow:
            Keeps order, holds one item; "resume" keeps the text given so far, and of other items the last. What
            failed is closed before the next source is opened. The error of the last source goes on, with those before
            as notes. Errors of the stages below and of the consumer never come here, nor do cancellations. Bytes in
            one wire format stay in it where all sources are in it.

        >>> asyncio.run(JaypieStream.fail(OSError("down")).fallback([1, 2]).to_list())
        [1, 2]
        """
        return self._then(Fallback(self._plan, others, on, partial))
