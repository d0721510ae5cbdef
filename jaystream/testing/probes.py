"""
The probe: a source that writes down what a stream did to it, and refuses what no source may be asked.

Only sources live here; what a stream writes *to* is recorded in `jaystream.testing.writers`.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import Counter
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["ManagedProbe", "Probe", "ProbeError", "ProbeEvent"]

T_co = TypeVar("T_co", covariant=True)

# The tokens of the probes that were opened in this context and are open still, to show in `Probe.context_kept` whether
# one was closed where it was opened. One variable for all: a context keeps a variable of a probe's own for ever.
_opened_here: contextvars.ContextVar[frozenset[object]] = contextvars.ContextVar(
    "jaystream_probes_opened_here", default=frozenset()
)


class ProbeError(AssertionError):
    """
    A stream asked a probe for what no source has to bear.

    Two pulls at once, a pull before opening, after closing or after the end, or a second opening or closing. The
    error is raised where it happened and kept in `Probe.violations`, since a stream may swallow it.
    """


class ProbeEvent(NamedTuple):
    """
    One thing that happened to a probe.

    Attributes:
        kind: What: ``"open"`` and ``"close"`` are the calls, ``"pull"`` a request for an item, ``"item"``, ``"end"``,
            ``"error"`` and ``"cancelled"`` its outcome, ``"closed"`` the end of the closing.
        task: The task it happened in.
        number: The item's number for pulls and outcomes, else None.
    """

    kind: Literal["open", "pull", "item", "end", "error", "cancelled", "close", "closed"]
    task: asyncio.Task[Any] | None
    number: int | None = None


class Probe(Generic[T_co]):
    """
    A source of *items* that records each opening, pull and closing, with the task it came from.

    An instance is an async iterator with ``aclose``, for one run; its first pull opens it. `ManagedProbe` is the same
    as a context manager.

    Args:
        items: What to give, in order. Read one by one, so it may be endless.
        fail_at: The number of the item in whose place *error* is raised; it ends the source as in a generator. The
            number of items means: at the end.
        error: What is raised there.
        before: What to await before an item is given: one function for all, called with the item's number, or a
            mapping from numbers to functions. A pull waits there, so a test can hold it or cancel it.
        on_close: What to await while closing; its error is the closing's error.
        strict_end: Count a pull after the end as an error. Streams are allowed one by Python's protocol.

    Attributes:
        events: Everything that happened, in order.
        violations: Every `ProbeError` raised.
    """

    def __init__(
        self,
        items: Iterable[T_co] = (),
        *,
        fail_at: int | None = None,
        error: BaseException | None = None,
        before: Callable[[int], Awaitable[object]] | Mapping[int, Callable[[int], Awaitable[object]]] | None = None,
        on_close: Callable[[], Awaitable[object]] | None = None,
        strict_end: bool = False,
    ) -> None:
        """
        Take the script; nothing is read from *items* yet.

        Raises:
            ValueError: If *fail_at* is negative, or given without *error* or the other way round.
        """
        if fail_at is not None and fail_at < 0:
            raise ValueError(f"fail_at must be 0 or more, not {fail_at!r}")
        if (fail_at is None) != (error is None):
            raise ValueError("fail_at and error belong together")
        self.events: list[ProbeEvent] = []
        self.violations: list[ProbeError] = []
        self._items = iter(items)
        self._fail_at = fail_at
        self._error = error
        self._before = before
        self._on_close = on_close
        self._strict_end = strict_end
        self._counts: Counter[str] = Counter()
        self._next = 0
        self._busy = False
        self._ended = False
        self._token: object = None
        self._context_kept: bool | None = None

    @property
    def reads(self) -> int:
        """
        How many items were asked for, the end not counted.
        """
        return self._counts["pull"] - self._counts["end"]

    @property
    def given(self) -> int:
        """
        How many items were given.
        """
        return self._counts["item"]

    @property
    def opens(self) -> int:
        """
        How often it was opened.
        """
        return self._counts["open"]

    @property
    def closes(self) -> int:
        """
        How often closing was asked for.
        """
        return self._counts["close"]

    @property
    def closed(self) -> bool:
        """
        Whether a closing came to its end.
        """
        return self._counts["closed"] > 0

    @property
    def ended(self) -> bool:
        """
        Whether it ran out of items or failed.
        """
        return self._ended

    @property
    def tasks(self) -> set[asyncio.Task[Any] | None]:
        """
        Every task that opened it, pulled from it or closed it.
        """
        return {event.task for event in self.events}

    @property
    def context_kept(self) -> bool | None:
        """
        Whether it was closed in the context it was opened in, so that context variables set there hold; None before.
        """
        return self._context_kept

    @property
    def kinds(self) -> list[str]:
        """
        The events' kinds, in order: the short form of `events` that tests compare.
        """
        return [event.kind for event in self.events]

    def assert_released(self) -> None:
        """
        State what contract 2 promises: opened at most once, and if so closed once, by the task that opened it.

        Raises:
            AssertionError: If not, or if there was a violation, with what happened instead.
        """
        if self.violations:
            raise AssertionError(f"the probe was misused: {self.violations!r}")
        if self.opens == 0 and self.closes <= 1:
            return
        if self.opens != 1 or self.closes != 1 or not self.closed:
            raise AssertionError(f"expected one opening and one finished closing, got {self.kinds!r}")
        if len(self.tasks) != 1:
            raise AssertionError(f"opened, read and closed by several tasks: {self.tasks!r}")
        if self.context_kept is False:
            raise AssertionError("closed in another context than it was opened in")

    def __aiter__(self) -> AsyncIterator[T_co]:
        """
        Give the probe itself: it is an iterator, for one run.
        """
        return self

    async def __anext__(self) -> T_co:
        """
        Give the next item, after what the script puts before it.
        """
        index = self._next
        self._check_pull()
        self._open_at_pull()
        self._note("pull", index)
        self._busy = True
        try:
            await self._wait_before(index)
            item = self._take(index)
        except asyncio.CancelledError:
            self._note("cancelled", index)
            # as in a generator, a cancellation that reaches the source ends it
            self._ended = True
            raise
        except StopAsyncIteration:
            self._note("end", index)
            self._ended = True
            raise
        except BaseException:
            self._note("error", index)
            self._ended = True
            raise
        finally:
            self._busy = False
        self._next += 1
        self._note("item", index)
        return item

    async def aclose(self) -> None:
        """
        Close it, after what the script puts into the closing.
        """
        if self._busy:
            raise self._violation("closed while a pull is under way")
        if self.closes:
            raise self._violation("closed twice")
        self._note("close")
        self._ended = True
        if self.opens:
            opened = _opened_here.get()
            self._context_kept = self._token in opened
            _opened_here.set(opened - {self._token})
        if self._on_close is not None:
            await self._on_close()
        self._note("closed")

    def _open(self) -> None:
        if self.opens:
            raise self._violation("opened twice")
        self._token = object()
        _opened_here.set(_opened_here.get() | {self._token})
        self._note("open")

    def _open_at_pull(self) -> None:
        if not self.opens:
            self._open()

    def _check_pull(self) -> None:
        if self._busy:
            raise self._violation("pulled while another pull is under way")
        if self.closes:
            raise self._violation("pulled after it was closed")
        if self._ended and self._strict_end:
            raise self._violation("pulled after its end")

    async def _wait_before(self, index: int) -> None:
        hook = self._before if callable(self._before) or self._before is None else self._before.get(index)
        if hook is not None and not self._ended:
            await hook(index)

    def _take(self, index: int) -> T_co:
        if self._ended:
            raise StopAsyncIteration
        if index == self._fail_at and self._error is not None:
            raise self._error
        try:
            return next(self._items)
        except StopIteration:
            raise StopAsyncIteration from None

    def _note(self, kind: Any, index: int | None = None) -> None:
        self._counts[kind] += 1
        self.events.append(ProbeEvent(kind, asyncio.current_task(), index))

    def _violation(self, what: str) -> ProbeError:
        error = ProbeError(f"the probe was {what}; so far: {self.kinds!r}")
        self.violations.append(error)
        return error


class ManagedProbe(Probe[T_co]):
    """
    A probe that must be entered: it opens at ``__aenter__``, closes at ``__aexit__``, and a pull before is an error.
    """

    async def __aenter__(self) -> Self:
        """
        Open it.
        """
        self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Close it.
        """
        await self.aclose()

    def _open_at_pull(self) -> None:
        if not self.opens:
            raise self._violation("pulled before it was entered")
