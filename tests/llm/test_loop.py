"""
The tool loop: turns, results, limits, and what each stream ends with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import Llm
from tests.llm.conversations import call, kinds, results, text

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk


def double(n: int) -> int:
    """
    Twice a number.
    """
    return 2 * n


async def chunks_of(llm: Llm, prompt: Any = "Go") -> list[LlmChunk]:
    """
    All chunks of one conversation.
    """
    return await llm.stream(prompt).to_list()


class TestLoop:
    """
    Offline.
    """

    async def test_text(self) -> None:
        """
        Text alone: a start, the words, and one done.
        """
        chunks = await chunks_of(Llm("test", script="Hello there"))
        assert {"type": "start", "model": "test", "provider": "test"} == chunks[0]
        assert ["start", "text", "done"] == kinds(chunks)
        assert "Hello there" == text(chunks)
        done = chunks[-1]
        assert done["type"] == "done"
        assert ("end", 1, "test") == (done.get("stopReason"), len(done["usage"]), done["usage"][0].get("model"))

    async def test_without_script(self) -> None:
        """
        Without a script each tool is called once, with arguments made up, and what they gave is the answer.
        """
        chunks = await chunks_of(Llm("test", tools=[double]))
        assert ["start", "tool_call_delta", "tool_call", "tool_result", "text", "done"] == kinds(chunks)
        assert '{"double":0}' == text(chunks)

    async def test_turns(self) -> None:
        """
        Thought, text, calls, their results, the next turn; one done says what each request took.
        """
        script = [
            [{"type": "reasoning", "content": "Hm, so", "signature": "s"}, "I count.", call("double", "c1", n=4)],
            [call("double", n=8)],
            "It is 16.",
        ]
        chunks = await chunks_of(Llm("test", tools=[double], script=script))
        turn = ["tool_call_delta", "tool_call", "tool_result"]
        assert ["start", "reasoning", "text", *turn, *turn, "text", "done"] == kinds(chunks)
        assert [8, 16] == results(chunks)
        assert "I count.It is 16." == text(chunks)
        done = chunks[-1]
        assert done["type"] == "done"
        assert 3 == len(done["usage"])
        signatures = [chunk.get("signature") for chunk in chunks if chunk["type"] == "reasoning"]
        assert [None, None, "s"] == signatures

    async def test_deltas(self) -> None:
        """
        The pieces of a call's arguments are those of the call that follows; a call without any has an empty object.
        """
        script = [[call("double", "c1", n=123456789012), {"type": "tool_call", "toolCall": {"name": "x"}}], "So."]
        chunks = await chunks_of(Llm("test", tools=[double], script=script))
        deltas = [chunk["toolCallDelta"] for chunk in chunks if chunk["type"] == "tool_call_delta"]
        calls = [chunk["toolCall"] for chunk in chunks if chunk["type"] == "tool_call"]
        assert ["double", "x"] == [delta["name"] for delta in deltas if "name" in delta]
        assert calls[0]["arguments"] == "".join(delta["delta"] for delta in deltas if delta["id"] == "c1")
        assert "{}" == calls[1]["arguments"]

    async def test_failures(self) -> None:
        """
        Whatever goes wrong with a tool is a result that the model sees, and the conversation goes on.
        """
        seen: list[Any] = []

        def fail() -> None:
            raise OSError("secret")

        def answer(messages: list[Any]) -> Any:
            seen.append(messages)
            return "So." if messages[-1]["role"] == "tool" else [call("nope"), call("double", n="x"), call("fail")]

        chunks = await chunks_of(Llm("test", tools=[double, fail], script=answer))
        unknown, wrong, failed = results(chunks)
        assert ("There is no tool nope; there is: double, fail",) == unknown
        assert wrong[0].startswith("The arguments of double are wrong: n: Input should be a valid integer")
        assert ("The tool failed",) == failed
        assert [True] * 3 == [message["isError"] for message in seen[-1][-3:]]
        assert "secret" not in str(chunks)
        assert "So." == text(chunks)

    async def test_shown_failures(self) -> None:
        """
        A program may have them told in full.
        """

        def fail() -> None:
            raise OSError("the disk is full")

        script = [[call("fail")], "So."]
        chunks = await chunks_of(Llm("test", tools=[fail], script=script, show_tool_errors=True))
        assert [("OSError: the disk is full",)] == results(chunks)

    async def test_at_once_and_in_order(self) -> None:
        """
        The tools of one turn run side by side; their results come in the order of the calls.
        """
        gates = [asyncio.Event() for _ in range(3)]
        ended: list[int] = []

        async def work(n: int) -> int:
            if n < 2:
                await gates[n + 1].wait()  # the later one ends first
            ended.append(n)
            gates[n].set()
            return n

        script = [[call("work", n=0), call("work", n=1), call("work", n=2)], "So."]
        chunks = await chunks_of(Llm("test", tools=[work], script=script))
        assert [0, 1, 2] == results(chunks)
        assert [2, 1, 0] == ended

    async def test_first_result_waits_for_no_other(self) -> None:
        """
        A result is there when its tool and those before have ended.
        """
        gate = asyncio.Event()

        async def slow() -> str:
            await gate.wait()
            return "slow"

        script = [[call("double", n=1), call("slow")], "So."]
        async with Llm("test", tools=[double, slow], script=script).stream("Go").open() as chunks:
            async for chunk in chunks:
                if chunk["type"] == "tool_result":
                    if chunk["toolResult"]["name"] == "double":
                        assert not gate.is_set()
                        gate.set()
                    else:
                        break

    async def test_too_many_turns(self) -> None:
        """
        A model that never ends is ended: an error chunk, and one done all the same.
        """
        chunks = await chunks_of(Llm("test", tools=[double], script=[[call("double", n=1)]], max_turns=3))
        assert ["tool_call", "error", "done"] == kinds(chunks)[-3:]
        error, done = chunks[-2:]
        assert error["type"] == "error"
        assert (429, "The model has asked for tools in all of its 3 turns") == (
            error["error"]["status"],
            error["error"].get("detail"),
        )
        assert done["type"] == "done"
        assert ("error", 3) == (done.get("stopReason"), len(done["usage"]))

    async def test_cancelled_tool(self) -> None:
        """
        A tool that cancels itself has failed; the conversation has not.
        """

        async def stop() -> None:
            raise asyncio.CancelledError

        chunks = await chunks_of(Llm("test", tools=[stop], script=[[call("stop")], "So."]))
        assert [("The tool was cancelled",)] == results(chunks)
        assert "So." == text(chunks)

    async def test_runs_again(self) -> None:
        """
        A stream is a description: it can run again, and does the same.
        """
        stream = Llm("test", tools=[double], script=[[call("double", n=1)], "So."]).stream("Go")
        assert "# source: Llm('test', 'test').stream(...)" == stream.explain().splitlines()[0]
        assert await stream.to_list() == await stream.to_list()

    async def test_system(self) -> None:
        """
        What the model is told before all else reaches it with each request, and is no message.
        """
        from pydantic_ai.models.function import AgentInfo, FunctionModel  # noqa: PLC0415 - here alone

        told: list[str | None] = []

        async def answer(messages: Any, info: AgentInfo) -> AsyncIterator[str]:
            told.append(info.instructions)
            yield "So."

        await Llm(FunctionModel(stream_function=answer), system="Be brief.").stream("Go").drain()
        assert ["Be brief."] == told

    async def test_script_says_nothing(self) -> None:
        """
        A turn may be empty.
        """
        chunks = await chunks_of(Llm("test", script=[[]]))
        assert ["start", "done"] == kinds(chunks)

    @pytest.mark.parametrize("script", ["a b", ["a b"], [["a b"]], [[{"type": "text", "content": "a b"}]]])
    async def test_scripts(self, script: Any) -> None:
        """
        All forms of a script.
        """
        assert "a b" == text(await chunks_of(Llm("test", script=script)))

    async def test_script_functions(self) -> None:
        """
        A function of the messages, async and as a generator too.
        """

        async def later(messages: list[Any]) -> str:
            return f"{messages[-1]['content']}!"

        async def pieces(messages: list[Any]) -> Any:
            yield "a "
            yield {"type": "text", "content": messages[0]["content"]}

        assert "Go!" == text(await chunks_of(Llm("test", script=later)))
        assert "a Go" == text(await chunks_of(Llm("test", script=pieces)))

    async def test_bad_script(self) -> None:
        """
        A piece or a turn that is none is refused.
        """
        with pytest.raises(ValueError, match=r"a piece of a script is text, or a chunk with .* not 3"):
            await chunks_of(Llm("test", script=[[3]]))
        with pytest.raises(TypeError, match="a turn of a script is text, a chunk or a list of these, not 3"):
            await chunks_of(Llm("test", script=[3]))
        with pytest.raises(TypeError, match="script= expects text, a list of turns or a function"):
            Llm("test", script=[])
