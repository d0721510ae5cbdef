"""
What the SDKs hand out, made into sources: blocking streams go to a worker thread, what has to be closed is closed.

Lives here: opening and closing. What the events mean is the machines'.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import suppress
from inspect import isawaitable, iscoroutine
from socket import SHUT_RDWR
from types import AsyncGeneratorType, TracebackType
from typing import Any

from jaystream._core.closing import Closer, Exit
from jaystream._core.guard import is_async
from jaystream._core.inspecting import describe, is_a, special_method
from jaystream._core.ownership import PLAIN, Wrapped, kind_of
from jaystream._core.plan import Described
from jaystream.llm.chains import Chained, is_chain
from jaystream.sources.blocking import Blocking, has, managed

__all__ = ["prepared", "prepared_blocking"]


def prepared(origin: Any) -> Any:
    """
    *origin* as a source that the kernel opens and closes well.

    Raises:
        TypeError: If it is nothing that events can come from.
    """
    if is_a(origin, dict):
        if "stream" in origin:
            return prepared(origin["stream"])  # what boto3 gives
        raise TypeError(f"events are expected, not one dict ({describe(origin)}): ask for a stream, or give a list")
    kind = "managed" if managed(origin) and not has(origin, "__aenter__") else kind_of(origin)
    if kind == "context":
        return Finishing(origin) if is_finishing(origin) else origin
    if kind == "async":
        if is_finishing(origin):
            return Finishing(origin)
        if is_chain(origin):
            return Chained(origin)
        closes = hasattr(origin, "aclose") or hasattr(origin, "close")
        return Held(origin) if closes and not is_a(origin, AsyncGeneratorType) else origin
    if kind == "awaitable":
        return Awaited(origin)
    if kind == "callable":
        return Called(origin)
    if kind == "stream" or type(origin) in PLAIN:
        return origin
    if has(origin, "model_fields"):  # a data model, which would give its fields
        raise TypeError(
            f"events are expected, not a whole {type(origin).__name__} ({describe(origin)}): ask with stream=True"
        )
    return Blocking(origin, interrupt)


def prepared_blocking(origin: Any) -> Any:
    """
    The same, but a plain callable is called in the worker thread.
    """
    if not callable(origin) or is_async(origin) or is_a(origin, Described) or kind_of(origin) != "callable":
        return prepared(origin)

    def opened() -> Any:
        made: Any = origin()
        if is_a(made, dict) and "stream" in made:
            made = made["stream"]
        if isawaitable(made) or has(made, "__aiter__"):
            if iscoroutine(made):
                made.close()
            raise TypeError(
                f"the callable is called in a worker thread, and gave {describe(made)}, which is async: give that "
                "itself, or an `async def` function"
            )
        return made

    return Blocking(opened, interrupt)


class Called:
    """
    A callable whose result is prepared.
    """

    __slots__ = ("_f",)

    def __init__(self, f: Any) -> None:
        self._f = f

    def __call__(self) -> Any:
        return prepared(self._f())

    def __repr__(self) -> str:
        return repr(self._f)


class Awaited(Wrapped):
    """
    An awaitable whose result is prepared.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        return prepared((yield from self.awaited.__await__()))


class Held:
    """
    An async iterable that must be closed, though nothing says so: it is no context manager.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Any) -> None:
        self._items = items

    async def __aenter__(self) -> Any:
        return self._items

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await Closer(self._items).close(None)

    def __repr__(self) -> str:
        return repr(self._items)


class Finished:
    """
    The last event of a stream that says only afterwards what it has used, and why it ended.
    """

    __slots__ = ("stream",)

    def __init__(self, stream: Any) -> None:
        self.stream: Any = stream


class Finishing:
    """
    A stream of pydantic-ai, with itself as its last event.
    """

    __slots__ = ("_entered", "_subject")

    def __init__(self, subject: Any) -> None:
        self._subject = subject
        self._entered = special_method(subject, "__aenter__") is not None

    async def __aenter__(self) -> AsyncIterator[Any]:
        subject = self._subject
        return with_end(await special_method(subject, "__aenter__")(subject) if self._entered else subject)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subject = self._subject
        await (Exit(subject) if self._entered else Closer(subject)).close(error)

    def __repr__(self) -> str:
        return repr(self._subject)


async def with_end(stream: Any) -> AsyncIterator[Any]:
    """
    The events of *stream*, and then `Finished`.
    """
    events = aiter(stream)
    try:
        async for event in events:
            yield event
        yield Finished(stream)
    finally:
        await Closer(events).close(None)


def is_finishing(subject: Any) -> bool:
    """
    Whether it is a stream of pydantic-ai, or the context manager that gives one.
    """
    maker = getattr(getattr(subject, "gen", None), "ag_code", None)
    made_in = maker.co_filename if maker is not None else ""
    return type(subject).__module__.startswith("pydantic_ai.") or "pydantic_ai" in made_in


def shut_down(holder: Any) -> None:
    """
    Shut down the socket of an HTTP response: urllib3's by its own method, httpx's and httpx2's by their extension.
    """
    if hasattr(holder, "shutdown"):
        holder.shutdown()
    else:
        holder.extensions["network_stream"].get_extra_info("socket").shutdown(SHUT_RDWR)


def interrupt(opened: list[Any]) -> bool:
    """
    Make a thread that reads from the network come back, by shutting down what it reads from.

    Args:
        opened: What the thread has opened: the stream of an SDK.

    Returns:
        Whether anything was shut down: a thread that has opened nothing yet cannot be reached, and some SDKs do not say
        what they read from.
    """
    reached = False
    for thing in opened:
        raw = getattr(thing, "_raw_stream", thing)
        for holder in (raw, getattr(raw, "response", None)):
            with suppress(Exception):  # another kind of response, or one that is closed by now
                shut_down(holder)
                reached = True
    return reached
