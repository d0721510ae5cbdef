"""
The adapters over the real SDKs, which ask a server that replays their providers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator
from typing import Any

import anthropic
import hypothesis
import pytest
from fastapi import FastAPI
from hypothesis import strategies as st

from jaystream import JaypieStream, StreamResponse, StreamTimeoutError, from_bedrock, from_llm
from jaystream.errors import BadGatewayError, JaypieError
from jaystream.testing import RecordingSend
from tests.contracts.llm_clients import SDKS, Sdk, asking
from tests.contracts.replay import Replay, aws, replaying, sse
from tests.llm.wires import ANTHROPIC, BEDROCK, GOOGLE, OPENAI_CHAT, OPENAI_RESPONSES, Event, text_of, types_of

pytestmark = [
    # google-genai's own, where aiohttp is installed
    pytest.mark.leaks(allow_finalized=True, reason="the SDKs leave generators of theirs to the collector"),
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

LAZY = [name for name in SDKS if "blocking" not in name]
"""Those that ask when an answer is read. What blocks and is not called by us has asked before."""

UNREACHED = {"google-blocking"}
"""Does not say what it reads from, so its thread closes only when something comes."""


@pytest.fixture(scope="module")
def server() -> Generator[Replay, None, None]:
    """
    The server of all tests here.
    """
    with replaying() as made:
        yield made


def chunks_of(name: str, given: Any, **options: Any) -> JaypieStream[Any]:
    """
    The chunks of what an SDK gave.
    """
    if name == "bedrock":
        return from_bedrock(given, **options)
    return from_llm(given, blocking=SDKS[name].blocking, **options)


def after_text(sdk: Sdk) -> int:
    """
    How many events there are up to the first piece of text, that one included.
    """
    return 1 + next(at for at, event in enumerate(sdk.events) if '"Hel"' in json.dumps(event))


async def has_left(server: Replay) -> bool:
    """
    Whether the server sees the client leave.
    """
    return await asyncio.to_thread(server.left.wait, 10)


@pytest.mark.parametrize("name", SDKS)
class TestAnswers:
    """
    Each way to ask each SDK.
    """

    async def test_whole(self, server: Replay, name: str) -> None:
        """
        What comes through the SDK is what the events say.
        """
        sdk = SDKS[name]
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type)
        async with asking(sdk, server.url) as ask:
            assert await from_llm(sdk.events).to_list() == await chunks_of(name, ask()).to_list()

    @pytest.mark.parametrize("framed", [True, False])
    async def test_cut_off(self, server: Replay, name: str, framed: bool) -> None:
        """
        A connection that ends within an event is a failure, also where HTTP does not tell.
        """
        sdk = SDKS[name]
        cut = after_text(sdk)
        frames = sdk.frame(sdk.events)
        pieces = [*frames[:cut], frames[cut][: len(frames[cut]) // 2]]
        server.play(pieces, media_type=sdk.media_type, framed=framed, drop=len(pieces) if framed else None)
        given: list[Any] = []
        async with asking(sdk, server.url) as ask:
            with pytest.raises(BadGatewayError) as caught:
                await chunks_of(name, ask()).for_each(given.append)
        assert caught.value.__cause__ is not None
        assert "done" not in types_of(given)
        whole = await from_llm(sdk.events).to_list()
        assert given == whole[: len(given)]

    async def test_early_exit(self, server: Replay, name: str) -> None:
        """
        Who takes no more stops the provider at once.
        """
        sdk = SDKS[name]
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, hold=after_text(sdk))
        async with asking(sdk, server.url) as ask:
            async with chunks_of(name, ask()).open() as items:
                async for chunk in items:
                    if chunk["type"] == "text":
                        break
            assert await has_left(server)

    async def test_cancelled(self, server: Replay, name: str) -> None:
        """
        A cancellation while the model thinks stops the provider at once.
        """
        sdk = SDKS[name]
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, hold=after_text(sdk))
        seen = asyncio.Event()
        async with asking(sdk, server.url) as ask:
            run = asyncio.ensure_future(
                chunks_of(name, ask()).filter(lambda chunk: chunk["type"] == "text").for_each(lambda _: seen.set())
            )
            await seen.wait()
            run.cancel()
            await asyncio.wait([run])
            assert run.cancelled()
            assert name in UNREACHED or await has_left(server)

    async def test_first_token(self, server: Replay, name: str) -> None:
        """
        A limit for the first item is one for the first token: what a provider sends before does not count.
        """
        sdk = SDKS[name]
        first = next(at for at, event in enumerate(sdk.events) if "Hm." in json.dumps(event))
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, hold=first)
        async with asking(sdk, server.url) as ask:
            with pytest.raises(StreamTimeoutError) as caught:
                await chunks_of(name, ask()).timeout(first=0.5).drain()
            assert "first" == caught.value.phase
            assert name in UNREACHED or await has_left(server)


@pytest.mark.parametrize("name", LAZY)
class TestQuestions:
    """
    Each SDK that has not asked before its answer is read.
    """

    async def test_callable(self, server: Replay, name: str) -> None:
        """
        A callable asks anew in each run; nothing is asked before.
        """
        sdk = SDKS[name]
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type)
        async with asking(sdk, server.url) as ask:
            asked = len(server.requests)
            stream = chunks_of(name, ask() if sdk.blocking else ask)
            assert asked == len(server.requests)
            assert await stream.to_list() == await stream.to_list()
            assert asked + 2 == len(server.requests)

    @pytest.mark.parametrize(("theirs", "ours"), [(400, 502), (401, 502), (429, 503), (500, 502), (529, 503)])
    async def test_refused(self, server: Replay, name: str, theirs: int, ours: int) -> None:
        """
        A refusal is a status of ours; what the provider says is in the cause alone.
        """
        sdk = SDKS[name]
        body = json.dumps({"error": {"message": "secret", "type": "x", "code": theirs}, "message": "secret"}).encode()
        server.play([body], status=theirs, media_type="application/json")
        async with asking(sdk, server.url) as ask:
            with pytest.raises(JaypieError) as caught:
                await chunks_of(name, ask()).drain()
            assert ours == caught.value.status
            assert "secret" not in json.dumps(caught.value.body())
            assert "secret" in str(caught.value.__cause__)
            chunks = await chunks_of(name, ask(), on_error="chunk").to_list()
        assert ["error", "done"] == types_of(chunks)
        assert ours == chunks[0]["error"]["status"]

    async def test_nobody_there(self, name: str) -> None:
        """
        A server that does not answer is a bad gateway.
        """
        sdk = SDKS[name]
        async with asking(sdk, "http://127.0.0.1:9") as ask:
            with pytest.raises(BadGatewayError) as caught:
                await chunks_of(name, ask()).drain()
            assert caught.value.__cause__ is not None


OVERLOADED = {"type": "overloaded_error", "message": "secret"}
LIMITED = {"message": "secret", "type": "requests", "code": "rate_limit_exceeded", "param": None}
RESPONSE_ERROR = {"type": "error", "code": "server_error", "message": "secret", "param": None, "sequence_number": 9}
RESPONSE_FAILED: Event = {
    "type": "response.failed",
    "response": {
        **OPENAI_RESPONSES[0]["response"],
        "status": "failed",
        "error": {"code": "rate_limit_exceeded", "message": "secret"},
    },
    "sequence_number": 9,
}
GOOGLE_ERROR = {"code": 503, "message": "secret", "status": "UNAVAILABLE"}

FAILURES: list[tuple[str, Callable[[], list[bytes]], str, int]] = [
    (
        "anthropic",
        lambda: sse([*ANTHROPIC[:8], {"type": "error", "error": OVERLOADED}], named=True),
        "overloaded_error",
        503,
    ),
    ("openai-chat", lambda: sse([*OPENAI_CHAT[:3], {"error": LIMITED}], named=False), "rate_limit_exceeded", 503),
    ("openai-responses", lambda: sse([*OPENAI_RESPONSES[:8], RESPONSE_ERROR], named=True), "server_error", 502),
    ("openai-responses", lambda: sse([*OPENAI_RESPONSES[:8], RESPONSE_FAILED], named=True), "rate_limit", 503),
    ("google", lambda: sse([*GOOGLE[:2], {"error": GOOGLE_ERROR}], named=False, ending="\r\n"), "503", 503),
    ("bedrock", lambda: aws([*BEDROCK[:5], {"throttlingException": {"message": "secret"}}]), "throttling", 503),
    ("bedrock", lambda: aws([*BEDROCK[:5], {"modelStreamErrorException": {"message": "secret"}}]), "modelStream", 502),
]


class TestFailures:
    """
    Failures that come when an answer has begun.
    """

    @pytest.mark.parametrize(("name", "frames", "word", "ours"), FAILURES)
    async def test_in_the_stream(
        self, server: Replay, name: str, frames: Callable[[], list[bytes]], word: str, ours: int
    ) -> None:
        """
        What came before is given, and then the failure.
        """
        sdk = SDKS[name]
        server.play(frames(), media_type=sdk.media_type)
        given: list[Any] = []
        async with asking(sdk, server.url) as ask:
            with pytest.raises(JaypieError) as caught:
                await chunks_of(name, ask()).for_each(given.append)
        assert "Hel" == text_of(given)
        assert ours == caught.value.status
        cause = caught.value.__cause__
        assert "secret" in str(cause)
        assert word in f"{cause!r} {cause} {getattr(cause, 'code', '')} {getattr(cause, 'type', '')}"
        assert "secret" not in json.dumps(caught.value.body())


class TestCuts:
    """
    However the network cuts the bytes.
    """

    @hypothesis.given(name=st.sampled_from(sorted(SDKS)), data=st.data())
    @hypothesis.settings(max_examples=25)
    def test_anywhere(self, server: Replay, name: str, data: st.DataObject) -> None:
        """
        The chunks are the same.
        """
        sdk = SDKS[name]
        wire = b"".join(sdk.frame(sdk.events))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(wire) - 1), max_size=12)))
        pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
        server.play(pieces, media_type=sdk.media_type)

        async def read() -> list[Any]:
            async with asking(sdk, server.url) as ask:
                return await chunks_of(name, ask()).to_list()

        async def expected() -> list[Any]:
            return await from_llm(sdk.events).to_list()

        assert asyncio.run(expected()) == asyncio.run(read())

    @hypothesis.given(name=st.sampled_from(sorted(SDKS)), data=st.data())
    @hypothesis.settings(max_examples=25)
    def test_dropped_anywhere(self, server: Replay, name: str, data: st.DataObject) -> None:
        """
        A connection that breaks after any byte, the last ones aside, gives what was whole and a failure.
        """
        sdk = SDKS[name]
        frames = sdk.frame(sdk.events)
        wire = b"".join(frames[: after_text(sdk) + 2])
        cut = data.draw(st.integers(0, len(wire)))
        server.play([wire[:cut]], media_type=sdk.media_type, drop=1 if cut else 0)
        given: list[Any] = []

        async def read() -> None:
            async with asking(sdk, server.url) as ask:
                await chunks_of(name, ask()).for_each(given.append)

        with pytest.raises(BadGatewayError):
            asyncio.run(read())
        assert "done" not in types_of(given)


class TestFirstExample:
    """
    The first example of the whole library.
    """

    def app(self, claude: anthropic.AsyncAnthropic) -> FastAPI:
        """
        The web app.
        """
        app = FastAPI()

        async def ask(q: str) -> StreamResponse:
            answer = claude.messages.stream(
                model="claude-test", max_tokens=1024, messages=[{"role": "user", "content": q}]
            )
            return from_llm(answer).timeout(first=5).smooth(by="word").format_sse().to_response()

        app.get("/ask", response_model=None)(ask)
        return app

    async def test_answer(self, server: Replay) -> None:
        """
        The model's answer comes as events, and the question goes to the model.
        """
        server.play(sse(ANTHROPIC, named=True))
        send = RecordingSend()
        async with anthropic.AsyncAnthropic(api_key="test", base_url=server.url) as claude:
            await self.app(claude)(scope(), send.receive, send)
        events = [json.loads(line[6:]) for line in send.body.decode().splitlines() if line.startswith("data: ")]
        assert "Hello" == text_of(events)
        assert ["start", "reasoning"] == types_of(events)[:2]
        assert "done" == events[-1]["type"]
        path, question = server.requests[-1]
        assert "/v1/messages" == path
        assert "why?" == question["messages"][0]["content"]

    async def test_refused(self, server: Replay) -> None:
        """
        Before the first token a failure is a real status, without a word of the provider's.
        """
        server.play([b'{"error": {"message": "secret"}}'], status=401, media_type="application/json")
        send = RecordingSend()
        async with anthropic.AsyncAnthropic(api_key="test", base_url=server.url) as claude:
            await self.app(claude)(scope(), send.receive, send)
        assert 502 == send.status
        assert b"secret" not in send.body

    async def test_client_leaves(self, server: Replay) -> None:
        """
        A browser that leaves stops the model.
        """
        server.play(sse(ANTHROPIC, named=True), hold=8)
        send = RecordingSend()
        async with anthropic.AsyncAnthropic(api_key="test", base_url=server.url) as claude:
            run = asyncio.ensure_future(self.app(claude)(scope(), send.receive, send))
            await asyncio.to_thread(server.holding.wait, 10)
            send.disconnect()
            assert await has_left(server)
            await run


def scope() -> dict[str, Any]:
    """
    A request of a browser.
    """
    return {"type": "http", "method": "GET", "path": "/ask", "query_string": b"q=why%3F", "headers": []}
