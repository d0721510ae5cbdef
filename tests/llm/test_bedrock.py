"""
`from_bedrock`: its events, and what runs in the worker thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from jaystream import StreamTimeoutError, from_bedrock, from_llm
from jaystream.errors import BadGatewayError, UnavailableError
from tests.llm.wires import BEDROCK, Event, text_of, tools_of, types_of


class Answer:
    """
    What boto3 gives: an iterable with `close`, and under it a response that can be shut down from another thread.

    Args:
        events: The events.
        hold: The number of the event before which a read waits until it is shut down.
    """

    def __init__(self, events: list[Event], hold: int | None = None) -> None:
        self.threads: list[threading.Thread] = []
        self.closed: list[threading.Thread] = []
        self.waiting = threading.Event()
        self._events = events
        self._hold = hold
        self._down = threading.Event()
        self._raw_stream = self

    def __iter__(self) -> Iterator[Event]:
        for number, event in enumerate(self._events):
            self.threads.append(threading.current_thread())
            if number == self._hold:
                self.waiting.set()
                self._down.wait(10)
                raise ConnectionAbortedError
            yield event

    def shutdown(self) -> None:
        """
        As urllib3's response has it.
        """
        self._down.set()

    def close(self) -> None:
        """
        As boto3's stream has it.
        """
        self.closed.append(threading.current_thread())


class TestEvents:
    """
    Events of converse_stream.
    """

    async def test_all(self) -> None:
        """
        Thoughts with their signature, text, tool calls, and every token, which come behind the end.
        """
        chunks: list[Any] = await from_bedrock(BEDROCK, model="claude").to_list()
        assert [
            {"type": "start", "model": "claude", "provider": "bedrock"},
            {"type": "reasoning", "content": "Hm."},
            {"type": "reasoning", "content": "", "signature": "c2ln"},
            {"type": "text", "content": "Hel"},
            {"type": "text", "content": "lo"},
        ] == chunks[:5]
        assert [("tooluse_1", "now", "{}"), ("tooluse_2", "add", '{"a": 1}')] == tools_of(chunks)
        expected = {"input": 12, "output": 20, "reasoning": 0, "total": 32, "cacheRead": 3, "cacheWrite": 2}
        assert [{**expected, "provider": "bedrock", "model": "claude"}] == chunks[-1]["usage"]

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("end_turn", "end"),
            ("max_tokens", "length"),
            ("stop_sequence", "stop_sequence"),
            ("guardrail_intervened", "content_filter"),
            ("malformed_tool_use", "other"),
        ],
    )
    async def test_stop_reasons(self, theirs: str, ours: str) -> None:
        """
        Each reason to stop has a word of ours.
        """
        done: Any = await from_bedrock([{"messageStop": {"stopReason": theirs}}]).last()
        assert ours == done["stopReason"]

    async def test_exception(self) -> None:
        """
        An exception among the events is raised.
        """
        with pytest.raises(UnavailableError) as caught:
            await from_bedrock([BEDROCK[0], {"throttlingException": {"message": "slow down"}}]).drain()
        assert "slow down (throttlingException)" == str(caught.value.__cause__)

    async def test_citation_and_bytes(self) -> None:
        """
        Citations are sources, and a signature in bytes is base64.
        """
        cited = {"title": "A", "location": {"web": {"url": "https://a.test", "domain": "a.test"}}}
        events = [
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"citation": cited}}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": b"sig"}}}},
            {"contentBlockDelta": {"contentBlockIndex": 9, "delta": {"toolUse": {"input": "{"}}}},
            BEDROCK[-2],
        ]
        chunks: list[Any] = await from_bedrock(events).to_list()
        assert {"id": "source-1", "url": "https://a.test", "title": "A"} == chunks[1]["source"]
        assert "c2ln" == chunks[2]["signature"]

    async def test_nothing_in_it(self) -> None:
        """
        Events without what they are there for give nothing: a start of text, an end of nothing, no tokens.
        """
        events: list[Event] = [
            {"contentBlockStart": {"contentBlockIndex": 0, "start": {}}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"somethingNew": {}, "metadata": {}},
            {"messageStop": {"stopReason": "end_turn"}},
        ]
        assert ["start", "done"] == types_of(await from_bedrock(events).to_list())

    async def test_not_this(self) -> None:
        """
        Events of another kind are refused, and so is what is no event.
        """
        for wrong in ({"type": "message_start"}, 5):
            with pytest.raises(TypeError, match="events of Bedrock's converse_stream are expected"):
                await from_bedrock([wrong]).drain()


class TestThread:
    """
    Everything that blocks is in one thread.
    """

    @pytest.mark.parametrize("adapter", [from_bedrock, from_llm])
    async def test_what_boto3_gives(self, adapter: Callable[..., Any]) -> None:
        """
        The dict of a call, or its stream: read and closed in a thread that is not this one.
        """
        for wrapped in (True, False):
            answer = Answer(BEDROCK)
            source: Any = {"ResponseMetadata": {}, "stream": answer} if wrapped else answer
            assert "Hello" == text_of(await adapter(source).to_list())
            assert [answer.threads[0]] == answer.closed
            assert 1 == len(set(answer.threads))
            assert threading.current_thread() not in answer.threads

    @pytest.mark.parametrize("adapter", [from_bedrock, partial(from_llm, blocking=True)])
    async def test_callable(self, adapter: Callable[..., Any]) -> None:
        """
        A callable is called in that thread too, anew for each run; elsewhere where it is said to block.
        """
        answers: list[Answer] = []
        called: list[threading.Thread] = []

        def ask() -> Any:
            called.append(threading.current_thread())
            answers.append(Answer(BEDROCK))
            return {"stream": answers[-1]}

        stream = adapter(ask)
        assert [] == called
        for _ in range(2):
            assert "Hello" == text_of(await stream.to_list())
        assert 2 == len(answers)
        assert [set(answer.threads) for answer in answers] == [{thread} for thread in called]

    async def test_left_while_it_reads(self) -> None:
        """
        A thread that waits for the network is made to come back, and closes.
        """
        answer = Answer(BEDROCK, hold=5)
        run = asyncio.ensure_future(from_bedrock(answer).drain())
        await asyncio.to_thread(answer.waiting.wait, 10)
        run.cancel()
        await asyncio.wait([run])
        assert run.cancelled()
        assert 1 == len(answer.closed)

    async def test_left_while_it_asks(self) -> None:
        """
        A thread that waits for the answer to begin is not waited for; it closes the answer when it comes.
        """
        go, closed = threading.Event(), threading.Event()
        answer = Answer(BEDROCK)

        def ask() -> Any:
            go.wait(10)
            return {"stream": answer}

        class Noting(Answer):
            def close(self) -> None:
                super().close()
                closed.set()

        answer = Noting(BEDROCK)
        with pytest.raises(StreamTimeoutError):
            await from_bedrock(ask).timeout(first=0.05).drain()
        assert [] == answer.closed
        go.set()
        assert await asyncio.to_thread(closed.wait, 10)
        assert [] == answer.threads

    async def test_async(self) -> None:
        """
        A client with async gives a coroutine of such a dict; one that a plain callable gives comes too late.
        """

        async def events() -> AsyncIterator[Event]:
            for event in BEDROCK:
                yield event

        class Stream:
            closed = False

            def __aiter__(self) -> AsyncIterator[Event]:
                return events()

            def close(self) -> None:
                self.closed = True

        async def ask() -> Any:
            return {"stream": stream}

        for source in (ask, ask()):
            stream = Stream()
            assert "Hello" == text_of(await from_bedrock(source).to_list())
            assert stream.closed
        late: Callable[[], Any] = lambda: ask()  # noqa: E731, PLW0108 - not seen to be async before it is called
        with pytest.raises(TypeError, match=r"called in a worker thread, and gave <coroutine .* is async"):
            await from_bedrock(late).drain()

    async def test_failure_of_the_thread(self) -> None:
        """
        What the call raises is a failure of the provider, if it is one.
        """

        def refuse() -> Any:
            raise ConnectionRefusedError("secret")

        def fail() -> Any:
            raise ZeroDivisionError

        with pytest.raises(BadGatewayError):
            await from_bedrock(refuse).drain()
        with pytest.raises(ZeroDivisionError):
            await from_bedrock(fail).drain()
        assert ["error", "done"] == types_of(await from_bedrock(refuse, on_error="chunk").to_list())
