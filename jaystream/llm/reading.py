"""
From the events of a provider to a stream of chunks: the boundary that runs a machine, and what becomes of failures.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from functools import partial
from json import JSONDecodeError
from socket import gaierror
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jaystream._core.closing import cancel_requests
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Plan, Source, plan_in
from jaystream.errors import JaypieError, JaystreamError
from jaystream.llm.failures import error_chunk, provider_failure, status_failure
from jaystream.llm.origin import prepared, prepared_blocking
from jaystream.sources.make import make_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.event_reader import EventReader
    from jaystream.stream import JaypieStream

__all__ = ["LlmSource", "OnError", "stream_of"]

_Given: TypeAlias = "AnySource[Any] | AbstractContextManager[Iterable[Any]] | Mapping[str, Any]"
LlmSource: TypeAlias = "_Given | Awaitable[_Given] | Callable[[], _Given | Awaitable[_Given]]"
"""What events can come from: everything that the SDKs hand out, async or blocking."""

OnError: TypeAlias = Literal["raise", "chunk"]

log: logging.Logger = logging.getLogger("jaystream")


class Read(Boundary):
    """
    Runs a machine over the events of a provider.
    """

    __slots__ = ("as_chunk", "make", "name")

    def __init__(self, name: str, make: Callable[[], EventReader], on_error: str) -> None:
        if on_error not in {"raise", "chunk"}:
            raise ValueError(f'{name}(on_error=) is "raise" or "chunk", not {describe(on_error)}')
        self.name: str = name
        self.make: Callable[[], EventReader] = make
        self.as_chunk: bool = on_error == "chunk"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        reader = self.make()
        requests = cancel_requests()
        failure: JaypieError | None = None
        try:
            try:
                async for event in await loop.begin():
                    for chunk in reader.feed(event):
                        yield chunk
                for chunk in reader.flush():
                    yield chunk
            except Exception as error:
                if cancel_requests() > requests:
                    raise  # a cancellation that an SDK has dressed up as an error
                failure = provider_failure(error) or on_the_way(error)
                if failure is None or (failure is error and not self.as_chunk):
                    raise
                if not self.as_chunk:
                    raise failure from error
                log.exception("%s: the provider failed", self.name)
            if failure is not None:
                await loop.close(failure)
                told = error_chunk(failure)
                failure = None
                yield told
                yield reader.done("error")
        except BaseException as error:
            failure = None  # its traceback leads here: no circle is left behind
            if not await loop.close(error):
                raise
        await loop.close()


def on_the_way(error: Exception) -> JaypieError | None:
    """
    What a failure of the network is, or a wire that is damaged; None for anything else.
    """
    if isinstance(error, JaystreamError):
        return None
    if isinstance(error, TimeoutError):
        return status_failure(504)
    return (
        status_failure(502)
        if isinstance(error, (ConnectionError, gaierror, JSONDecodeError, UnicodeDecodeError))
        else None
    )


def stream_of(
    name: str,
    machine: Callable[[str | None, str | None], EventReader],
    source: Any,
    *,
    provider: str | None,
    model: str | None,
    on_error: str,
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    The stream of chunks that *machine* makes of what *source* gives.
    """
    stage = Read(name, partial(machine, provider, model), on_error)
    prepare = prepared_blocking if blocking else prepared
    plan = plan_in(source)
    return make_over((Plan(Source(prepare(source))) if plan is None else plan).then(stage))
