"""
`from_llm` and the adapters it chooses from: what they all promise.
"""

from __future__ import annotations

import asyncio
import json
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from socket import gaierror
from types import SimpleNamespace
from typing import Any, Literal, cast

import anyio
import pytest
from openai.types.chat import ChatCompletion

from jaystream import (
    JaypieStream,
    SseEvent,
    StreamConsumedError,
    StreamTimeoutError,
    from_anthropic,
    from_bedrock,
    from_google,
    from_litellm,
    from_llm,
    from_openai,
)
from jaystream.errors import BadGatewayError, GatewayTimeoutError, JaypieError, NotFoundError, ProviderError
from jaystream.testing import Probe, RecordingSend, cancel_at_every_await, guard_leaks
from tests.llm.wires import ANTHROPIC, BEDROCK, OPENAI_CHAT, WIRES, Event, chat, text_of, tools_of, types_of

OWN: dict[str, Callable[..., JaypieStream[Any]]] = {
    "anthropic": from_anthropic,
    "openai-chat": from_openai,
    "openai-responses": from_openai,
    "google": from_google,
    "bedrock": from_bedrock,
}


HOW: tuple[Literal["native", "scope", "timeout", "twice"], ...] = ("native", "scope", "timeout", "twice")


class TestAnswers:
    """
    The same answer from each provider.
    """

    @pytest.mark.parametrize("name", WIRES)
    async def test_chunks(self, name: str) -> None:
        """
        A start, a thought, text, both tool calls with all of their arguments, and the end with every token.
        """
        chunks: list[Any] = await from_llm(WIRES[name]).to_list()
        assert "start" == chunks[0]["type"]
        assert "done" == chunks[-1]["type"]
        assert "Hello" == text_of(chunks)
        assert "Hm." == "".join(chunk["content"] for chunk in chunks if chunk["type"] == "reasoning")
        assert [("now", "{}"), ("add", {"a": 1})] == [
            (tool, arguments if tool == "now" else json.loads(arguments)) for _, tool, arguments in tools_of(chunks)
        ]
        assert "tool_calls" == chunks[-1]["stopReason"]
        (used,) = chunks[-1]["usage"]
        assert (12, 20, 32, 3) == (used["input"], used["output"], used["total"], used["cacheRead"])

    @pytest.mark.parametrize("name", WIRES)
    async def test_pieces_of_tool_calls(self, name: str) -> None:
        """
        The pieces of a call come before it, have its name once, and make up its arguments.
        """
        chunks: list[Any] = await from_llm(WIRES[name]).to_list()
        for id_, tool, arguments in tools_of(chunks):
            deltas = [chunk["toolCallDelta"] for chunk in chunks if chunk["type"] == "tool_call_delta"]
            mine = [delta for delta in deltas if delta["id"] == id_]
            assert arguments == ("".join(delta["delta"] for delta in mine).strip() or "{}")
            assert [tool] == [delta["name"] for delta in mine if "name" in delta]
            assert "name" in mine[0]

    @pytest.mark.parametrize("name", ["anthropic", "openai-chat", "openai-responses", "google"])
    async def test_sources(self, name: str) -> None:
        """
        What the answer rests on is named.
        """
        chunks: list[Any] = await from_llm(WIRES[name]).to_list()
        expected = [{"id": "source-1", "url": "https://example.test/a", "title": "A"}]
        assert expected == [chunk["source"] for chunk in chunks if chunk["type"] == "source"]

    @pytest.mark.parametrize("name", WIRES)
    async def test_own_adapter(self, name: str) -> None:
        """
        The provider's own adapter gives what `from_llm` gives.
        """
        assert await from_llm(WIRES[name]).to_list() == await OWN[name](WIRES[name]).to_list()

    @pytest.mark.parametrize("name", WIRES)
    async def test_server_sent_events(self, name: str) -> None:
        """
        JSON in server-sent events is read as well as dicts, however it is cut.
        """
        events = JaypieStream(WIRES[name]).map(lambda event: SseEvent(event, event=str(event.get("type", "")) or "x"))
        wire = b"".join(await events.format_sse().to_list()) + b"data: [DONE]\n\n"
        pieces = [wire[at : at + 7] for at in range(0, len(wire), 7)]
        assert await from_llm(WIRES[name]).to_list() == await from_llm(JaypieStream(pieces).parse_sse()).to_list()

    @pytest.mark.parametrize("name", WIRES)
    async def test_cut(self, name: str) -> None:
        """
        An answer that ends before its end is a failure, wherever it was cut, and keeps what came before.
        """
        events = WIRES[name]
        whole: list[Any] = await from_llm(events).to_list()
        marks = ("messageStop", "message_stop", "completed", '"finish_reason": "tool_calls"', '"finishReason": "STOP"')
        end = next(at for at, event in enumerate(events) if any(mark in json.dumps(event) for mark in marks))
        for at in range(end + 1):
            given: list[Any] = []
            with pytest.raises(BadGatewayError) as caught:
                await from_llm(events[:at]).for_each(given.append)
            assert isinstance(caught.value.__cause__, ProviderError)
            assert given == whole[: len(given)]
            assert "done" not in types_of(given)


class TestNames:
    """
    What is known of provider and model.
    """

    async def test_of_the_adapter(self) -> None:
        """
        The adapter's name and the model that the events name stand in start and usage.
        """
        chunks: list[Any] = await from_llm(ANTHROPIC).to_list()
        assert {"type": "start", "messageId": "msg_1", "model": "claude-test", "provider": "anthropic"} == chunks[0]
        assert ("anthropic", "claude-test") == (chunks[-1]["usage"][0]["provider"], chunks[-1]["usage"][0]["model"])

    async def test_given(self) -> None:
        """
        A name that was given wins for the provider; for the model the events are asked only where none was given.
        """
        for make in (from_llm, from_openai, from_litellm):
            chunks: list[Any] = await make(OPENAI_CHAT, provider="groq", model="llama").to_list()
            assert ("groq", "llama") == (chunks[0]["provider"], chunks[0]["model"])
            assert ("groq", "llama") == (chunks[-1]["usage"][0]["provider"], chunks[-1]["usage"][0]["model"])


class TestStart:
    """
    The first chunk is held back until there is something to see.
    """

    @pytest.mark.parametrize("name", WIRES)
    async def test_held_back(self, name: str) -> None:
        """
        What the provider sends before its first thought gives nothing.
        """
        decoder_events = WIRES[name]
        first = next(at for at, event in enumerate(decoder_events) if "Hm." in json.dumps(event))
        probe = Probe([*decoder_events])
        async with from_llm(probe).open() as items:
            assert "start" == (await anext(items))["type"]
            assert first + 1 == probe.reads
            assert "reasoning" == (await anext(items))["type"]
            assert first + 1 == probe.reads

    async def test_nothing_to_see(self) -> None:
        """
        An answer without content has a start before its end.
        """
        chunks: list[Any] = await from_llm([chat({}, "stop")]).to_list()
        assert ["start", "done"] == types_of(chunks)


class TestFailures:
    """
    What becomes of failures.
    """

    async def test_raised(self) -> None:
        """
        A failure of the provider is raised as what it is for our client, with the cause.
        """
        with pytest.raises(BadGatewayError) as caught:
            await from_llm(Probe(BEDROCK[:3], fail_at=3, error=ConnectionResetError("secret"))).drain()
        assert "secret" not in str(caught.value)
        assert isinstance(caught.value.__cause__, ConnectionResetError)

    async def test_as_chunk(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        It can be given as a chunk, with the end behind it; the log is told the rest.
        """
        events = [*ANTHROPIC[:8], {"type": "error", "error": {"type": "overloaded_error", "message": "secret"}}]
        chunks: list[Any] = await from_llm(events, on_error="chunk").to_list()
        assert ["error", "done"] == types_of(chunks)[-2:]
        assert 503 == chunks[-2]["error"]["status"]
        assert "secret" not in json.dumps(chunks)
        assert "secret" in caplog.text
        assert "error" == chunks[-1]["stopReason"]
        assert 12 == chunks[-1]["usage"][0]["input"]

    async def test_ours(self) -> None:
        """
        Errors that are not the provider's pass as they are, and so do ours.
        """
        for error in (ZeroDivisionError("bug"), NotFoundError("No such chat")):
            with pytest.raises(type(error)) as caught:
                await from_llm(Probe(ANTHROPIC, fail_at=2, error=error)).drain()
            assert caught.value is error
        with pytest.raises(ZeroDivisionError):
            await from_llm(Probe(ANTHROPIC, fail_at=2, error=ZeroDivisionError("bug")), on_error="chunk").drain()
        error = NotFoundError("No such chat")
        chunks: list[Any] = await from_llm(Probe(ANTHROPIC, fail_at=2, error=error), on_error="chunk").to_list()
        assert (404, "No such chat") == (chunks[0]["error"]["status"], chunks[0]["error"]["detail"])

    async def test_error_in_the_place_of_an_answer(self) -> None:
        """
        An error as the first event is the provider's, whoever that is.
        """
        with pytest.raises(JaypieError) as caught:
            await from_llm([{"error": {"message": "secret", "type": "rate_limit_exceeded", "code": 429}}]).drain()
        assert 503 == caught.value.status

    async def test_no_events(self) -> None:
        """
        Other things than events are refused, with what came.
        """
        with pytest.raises(TypeError, match=r"events of Anthropic.* are expected, not dict \(\{'type': 'text'"):
            await from_llm([{"type": "text", "content": "Hi"}]).drain()
        with pytest.raises(TypeError, match=r"not bytes .*parse_sse"):
            await from_llm([b"data: {}\n\n"]).drain()
        with pytest.raises(TypeError, match=r"chunks of a chat completion or .* are expected, not dict"):
            await from_openai(BEDROCK).drain()
        with pytest.raises(BadGatewayError) as caught:
            await from_llm(["<html>"]).drain()
        assert "not JSON" in str(caught.value.__cause__)

    async def test_in_the_network(self) -> None:
        """
        Failures of the network and damaged bytes are the provider's; of the file system they are not.
        """
        for error, status in ((TimeoutError(), 504), (gaierror(), 502), (json.JSONDecodeError("x", "", 0), 502)):
            with pytest.raises(JaypieError) as caught:
                await from_llm(Probe(ANTHROPIC, fail_at=2, error=error)).drain()
            assert status == caught.value.status
        for other in (FileNotFoundError("x"), StreamTimeoutError("idle", 1)):
            with pytest.raises(type(other)):
                await from_llm(Probe(ANTHROPIC, fail_at=2, error=other)).drain()

    async def test_no_event(self) -> None:
        """
        A stream that ends at once is cut off, as a chunk too.
        """
        for events in ([], ["", "[DONE]"]):
            with pytest.raises(BadGatewayError):
                await from_llm(events).drain()
        assert ["error", "done"] == types_of(await from_llm([], on_error="chunk").to_list())

    async def test_events_of_others(self) -> None:
        """
        Server-sent events of other parsers, and events whose data is no text.
        """
        others = [SimpleNamespace(data=json.dumps(event), event="x") for event in ANTHROPIC]
        ours = [SseEvent(event) for event in ANTHROPIC]
        for events in (others, ours):
            assert await from_llm(ANTHROPIC).to_list() == await from_llm(events).to_list()

    async def test_no_names(self) -> None:
        """
        Names that are not known are left out.
        """
        chunks: list[Any] = await from_llm([chat({"content": "a"}, "stop", id="", model="")], provider="").to_list()
        assert {"type": "start"} == chunks[0]

    async def test_whole_answer(self) -> None:
        """
        An answer that was not asked for as a stream is refused, and says what to do.
        """
        whole = ChatCompletion.model_construct(id="c", choices=[])

        async def ask() -> Any:
            return whole

        with pytest.raises(TypeError, match=r"not a whole ChatCompletion .*stream=True"):
            from_openai(cast("Any", whole))
        with pytest.raises(TypeError, match=r"not a whole ChatCompletion .*stream=True"):
            await from_openai(ask()).drain()

    @pytest.mark.parametrize("adapter", [from_llm, from_openai, from_litellm])
    async def test_whole_dict(self, adapter: Any) -> None:
        """
        So is one that is a dict, by itself or in a list: its text would be lost.
        """
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        with pytest.raises(TypeError, match=r"events are expected, not one dict .*ask for a stream"):
            adapter({"choices": [choice]})
        with pytest.raises(TypeError, match=r"are expected, not a whole one .*stream=True"):
            await adapter([{"choices": [choice]}]).drain()

    def test_bad_arguments(self) -> None:
        """
        They fail at the call.
        """
        bad: Any = "ignore"
        with pytest.raises(ValueError, match=r"from_llm\(on_error=\) is \"raise\" or \"chunk\", not 'ignore'"):
            from_llm([], on_error=bad)
        with pytest.raises(TypeError, match="not int"):
            from_llm(cast("Any", 5))
        with pytest.raises(TypeError, match="not a str"):
            from_llm("why?")


class TestRuns:
    """
    Runs open and close what the SDK gives.
    """

    @pytest.mark.parametrize("taken", [0, 1, 3, 99])
    async def test_closed(self, taken: int) -> None:
        """
        On every way out the source is closed, once, in the task that opened it.
        """
        probe = Probe([*ANTHROPIC])
        await from_llm(probe).take(taken).drain()
        probe.assert_released()
        assert probe.opens == (taken > 0)

    async def test_cancelled_anywhere(self) -> None:
        """
        A cancellation at any await is not lost, and closes the source.
        """
        probes: list[Probe[Event]] = []

        async def pause(_: int) -> None:
            await asyncio.sleep(0)

        async def run() -> None:
            probe = Probe(ANTHROPIC, before=pause)
            probes.append(probe)
            try:
                await from_llm(probe, on_error="chunk").drain()
            finally:
                probe.assert_released()

        async with guard_leaks():
            for how in HOW:
                assert await cancel_at_every_await(run, how) > len(ANTHROPIC)
        assert probes

    async def test_not_run(self) -> None:
        """
        A coroutine of an answer that nobody wants, as for HEAD, is closed and gives no warning.
        """

        async def ask() -> list[Event]:
            raise AssertionError

        send = RecordingSend()
        scope: dict[str, Any] = {"type": "http", "method": "HEAD", "path": "/", "headers": []}
        await from_llm(ask()).to_asgi(scope, send.receive, send)
        assert 200 == send.status

    async def test_cancellation_in_disguise(self) -> None:
        """
        A cancellation that an SDK makes an error of is no failure of the provider.
        """
        waits = asyncio.Event()

        async def events() -> AsyncIterator[Event]:
            yield ANTHROPIC[0]
            try:
                waits.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionResetError from None

        run = asyncio.ensure_future(from_llm(events(), on_error="chunk").drain())
        await waits.wait()
        run.cancel()
        await asyncio.wait([run])
        assert run.cancelled()

    async def test_scope_of_the_source(self) -> None:
        """
        A limit that the source holds itself is the source's own, and its error is one of time.
        """

        async def events() -> AsyncIterator[Event]:
            with anyio.fail_after(0):
                yield ANTHROPIC[0]
                await asyncio.Event().wait()

        with pytest.raises(GatewayTimeoutError):
            await from_llm(events()).drain()

    async def test_nothing_left_behind(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure that nobody holds is gone at once, with all that its traceback leads to.
        """
        failures: list[weakref.ref[BaseException]] = []

        class RefusedError(ConnectionError):
            def __init__(self) -> None:
                failures.append(weakref.ref(self))

        async def events() -> AsyncIterator[Event]:
            yield ANTHROPIC[0]
            raise RefusedError

        try:
            await from_llm(events).drain()
        except BadGatewayError as error:
            failures.append(weakref.ref(error))
        assert [None, None] == [failure() for failure in failures]
        with caplog.at_level(logging.CRITICAL, "jaystream"):  # a log that is kept keeps the failure
            await from_llm(events, on_error="chunk").drain()
        assert [None, None, None] == [failure() for failure in failures]

    async def test_runs_again(self) -> None:
        """
        A callable and a list run again, an iterator does not.
        """
        for source in (ANTHROPIC, lambda: ANTHROPIC):
            stream = from_llm(source)
            assert await stream.to_list() == await stream.to_list()

        async def events() -> AsyncIterator[Event]:
            for event in ANTHROPIC:
                yield event

        once = from_llm(events())
        await once.drain()
        with pytest.raises(StreamConsumedError):
            await once.drain()
