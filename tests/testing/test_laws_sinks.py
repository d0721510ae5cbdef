"""
Every public terminal and sink goes through the laws that concern it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import RecordingResponseStream, RecordingSend, check_sink, check_terminal, laws
from jaystream.testing.laws.sinks import FRAMES, http_scope
from jaystream.testing.strategies import items, weigh
from tests.testing.test_laws import public_methods

Sink = Callable[..., Coroutine[Any, Any, Any]]
Terminal = Callable[[JaypieStream[Any]], Coroutine[Any, Any, Any]]


def add(total: int, x: Any) -> int:
    """
    A fold.
    """
    return (total * 2 + weigh(x)) % 97


TERMINALS: dict[str, tuple[Terminal, Callable[[list[Any]], Any]]] = {
    "to_list": (lambda s: s.to_list(), list),
    "reduce": (lambda s: s.reduce(add, 0), lambda xs: reduce(add, xs, 0)),
    "count": (lambda s: s.count(), len),
    "first": (lambda s: s.first(default=None), lambda xs: xs[0] if xs else None),
    "last": (lambda s: s.last(default=None), lambda xs: xs[-1] if xs else None),
    "for_each": (lambda s: s.for_each(weigh), len),
    "drain": (lambda s: s.drain(), lambda _: None),
    "tee": (
        lambda s: s.tee(JaypieStream[Any].to_list, JaypieStream[Any].count, lambda part: part.take(1).drain()),
        lambda xs: (xs, len(xs), None),
    ),
}
"""
What needs no peer, with its model on lists.
"""


async def respond(stream: JaypieStream[Any], *exchange: Any) -> Any:
    """
    Answer by a response that a framework was given, and give its report.
    """
    response = stream.to_response()
    await response(*exchange)
    return response.report


FUNCTIONS: dict[str, Callable[[Callable[..., Any]], Terminal]] = {
    "for_each": lambda f: lambda s: s.for_each(f),
    "reduce": lambda f: lambda s: s.reduce(f, 0),
}
"""
Those that call a function.
"""

SINKS: dict[str, tuple[Any, Sink]] = {
    "to_asgi": ("asgi", JaypieStream[Any].to_asgi),
    "to_response": ("asgi", respond),
    "to_lambda": ("lambda", JaypieStream[Any].to_lambda),
    "to_file": ("file", partial(JaypieStream[Any].to_file, atomic=True)),
}
"""
What writes to a peer, and that peer's kind.
"""


class TestRegistry:
    """
    Nothing public is left out.
    """

    def test_every_sink(self) -> None:
        """
        Each terminal and each sink goes through the laws.
        """
        assert sorted([*TERMINALS, *SINKS]) == sorted(public_methods("sinks") + public_methods("integrations"))


any_terminal = pytest.mark.parametrize("name", sorted(TERMINALS))


class TestTerminals:
    """
    What needs no peer.
    """

    @any_terminal
    @given(given_items=items())
    @settings(max_examples=12)
    async def test_model(self, name: str, given_items: list[int]) -> None:
        """
        L1: it gives what its model gives.
        """
        run, model = TERMINALS[name]
        await laws.ends_as_its_model_ends(run, given_items, model(given_items))

    @any_terminal
    async def test_contracts(self, name: str) -> None:
        """
        L16 to L18, L20, L22.
        """
        await check_terminal(TERMINALS[name][0], [1, 2, 3], reads=1 if name == "first" else None)

    @any_terminal
    async def test_turns(self, name: str) -> None:
        """
        L21: the event loop gets its turns.
        """
        await laws.lets_others_run(TERMINALS[name][0], [1, 2, 3])

    @pytest.mark.parametrize("name", sorted(FUNCTIONS))
    @given(given_items=items(max_size=4), waits=st.lists(st.integers(0, 3), min_size=1, max_size=3))
    @settings(max_examples=12)
    async def test_functions(self, name: str, given_items: list[int], waits: list[int]) -> None:
        """
        L3, L22: sync and async functions do the same, and their errors end the run.
        """

        def f(*args: Any) -> int:
            return add(args[0], args[-1])

        await laws.takes_async_functions(FUNCTIONS[name], f, given_items, waits)
        await laws.failing_callbacks_end_the_run(FUNCTIONS[name], f, given_items)


@pytest.fixture
def quiet() -> Iterator[None]:
    """
    Keep the failures that are planted here out of the log.
    """
    logger = logging.getLogger("jaystream")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def to_a_peer(kind: str, sink: Sink, folder: Path) -> Terminal:
    """
    A sink with a peer of its kind, so that only the stream is left to give.
    """
    if kind == "asgi":
        send = RecordingSend()
        return lambda stream: sink(stream, http_scope(), send.receive, send)
    return lambda stream: sink(stream, RecordingResponseStream() if kind == "lambda" else folder / "file")


class TestSinks:
    """
    The other end.
    """

    @pytest.mark.parametrize("name", sorted(SINKS))
    @pytest.mark.usefixtures("quiet")
    async def test_contracts(self, name: str) -> None:
        """
        L16, L18, L20, L22 and L31, L32 or L33.
        """
        peer, sink = SINKS[name]
        await check_sink(sink, peer=peer)

    async def test_file_in_place(self, tmp_path: Path) -> None:
        """
        L16, L18, L20, L22 for a file that is written where it is, which may be there in part.
        """

        def sink(stream: JaypieStream[Any]) -> Coroutine[Any, Any, Any]:
            return stream.to_file(tmp_path / "file")

        await check_sink(sink)

    @pytest.mark.parametrize("name", sorted(SINKS))
    async def test_turns(self, name: str, tmp_path: Path) -> None:
        """
        L21: the event loop gets its turns.
        """
        await laws.lets_others_run(to_a_peer(*SINKS[name], tmp_path), FRAMES)
