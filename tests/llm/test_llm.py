"""
`Llm`: which model is meant, what is missing, and the whole answer.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models import known_model_names
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from jaystream import Llm
from jaystream.errors import BadGatewayError, ConfigurationError, TooManyRequestsError
from jaystream.llm.models import PROVIDERS
from tests.llm.conversations import call, text


class City(BaseModel):
    """
    What is asked for.
    """

    name: str
    size: int


def double(n: int) -> int:
    """
    Twice a number.
    """
    return 2 * n


class TestNames:
    """
    Which model is meant.
    """

    @pytest.mark.parametrize(
        ("arguments", "provider", "model"),
        [
            (("anthropic",), "anthropic", "claude-sonnet-5-5"),
            (("anthropic:claude-x",), "anthropic", "claude-x"),
            (("openai", "gpt-x"), "openai", "gpt-x"),
            (("bedrock:us.amazon.nova-pro-v1:0",), "bedrock", "us.amazon.nova-pro-v1:0"),
            (("openrouter:a/b",), "openrouter", "a/b"),
            (("claude-x",), "anthropic", "claude-x"),
            (("gemini-x",), "google", "gemini-x"),
            (("test",), "test", "test"),
            ((TestModel(model_name="mine"),), "test", "mine"),
        ],
    )
    def test_names(self, arguments: tuple[Any, ...], provider: str, model: str) -> None:
        """
        All ways to name one.
        """
        llm = Llm(*arguments)
        assert (provider, model) == (llm.provider, llm.model)
        assert f"Llm({provider!r}, {model!r})" == repr(llm)

    @pytest.mark.parametrize(
        ("arguments", "kind", "problem"),
        [
            (("nobody",), ValueError, "there is no provider 'nobody'; there are 'anthropic', .*'test'"),
            (("nobody:x",), ValueError, "there is no provider 'nobody:x'"),
            (("openrouter",), ValueError, r"which model of openrouter\? Llm\('openrouter:...'\)"),
            (("anthropic:",), ValueError, "which model of anthropic"),
            (("anthropic:a", "b"), TypeError, "'anthropic:a' names a model, and so does model='b'"),
            ((TestModel(), "b"), TypeError, "model='b' goes with a provider's name"),
            ((3,), TypeError, "expects the name of a provider or a model of pydantic-ai, not 3"),
        ],
    )
    def test_bad_names(self, arguments: tuple[Any, ...], kind: type[Exception], problem: str) -> None:
        """
        What names none is refused at once.
        """
        with pytest.raises(kind, match=problem):
            Llm(*arguments)

    def test_bad_options(self) -> None:
        """
        So are options that make no sense.
        """
        not_text: Any = 3
        with pytest.raises(ValueError, match="max_turns"):
            Llm("test", max_turns=0)
        with pytest.raises(TypeError, match="system= expects text, not 3"):
            Llm("test", system=not_text)
        with pytest.raises(TypeError, match=r'script= is for Llm\("test"\)'):
            Llm("anthropic", script="x")

    def test_defaults_exist(self) -> None:
        """
        The models that stand for their providers are ones that pydantic-ai knows.
        """
        known = set(known_model_names())
        missing = [
            name for name, provider in PROVIDERS.items() if provider.model and f"{name}:{provider.model}" not in known
        ]
        assert [] == missing


class TestMissing:
    """
    What is not there.
    """

    @pytest.mark.parametrize("name", PROVIDERS)
    async def test_key(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A missing key fails the first run; the error says to the program what to do, and to no client.
        """
        for provider in PROVIDERS.values():
            monkeypatch.delenv(provider.need, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        for variable in ("AWS_REGION", "GEMINI_API_KEY"):
            monkeypatch.delenv(variable, raising=False)
        stream = Llm(name, "a/b").stream("Hi")
        with pytest.raises(ConfigurationError, match=f"{PROVIDERS[name].need} is not set") as caught:
            await stream.drain()
        assert PROVIDERS[name].need not in str(caught.value.body())

    async def test_wrong_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the key is there, what pydantic-ai has against the model is said.
        """
        monkeypatch.setenv("OPENROUTER_API_KEY", "x")
        with pytest.raises(ConfigurationError, match=r"openrouter:x cannot be used: .*must be prefixed"):
            await Llm("openrouter:x").stream("Hi").drain()

    @pytest.mark.parametrize(
        ("package", "command"),
        [
            ("pydantic_ai", "pip install 'jaystream[llm]'"),
            ("anthropic", "pip install 'jaystream[llm]' 'pydantic-ai-slim[anthropic]'"),
        ],
    )
    def test_package(self, package: str, command: str) -> None:
        """
        A missing package fails when the model is named, with the command that installs it.
        """
        code = (
            f"import sys; sys.modules[{package!r}] = None; from jaystream import Llm\n"
            "try: Llm('anthropic')\nexcept ImportError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip().endswith(f"which is not installed; install it with: {command}")


class TestFailures:
    """
    What a provider answers in place of an answer.
    """

    @pytest.mark.parametrize("said", [0, 1])
    async def test_mapped(self, said: int) -> None:
        """
        It is ours to answer for, before the first word and after; what came before it is delivered.
        """

        async def answer(_: Any, __: AgentInfo) -> AsyncIterator[str]:
            for _word in range(said):
                yield "Hm"
            raise ModelHTTPError(401, "m", "secret")

        got: list[Any] = []
        with pytest.raises(BadGatewayError) as caught:
            await Llm(FunctionModel(stream_function=answer)).stream("Go").for_each(got.append)
        assert (["start", "text"] if said else []) == [chunk["type"] for chunk in got]
        assert isinstance(caught.value.__cause__, ModelHTTPError)
        assert "secret" not in str(caught.value.body())

    async def test_own_errors(self) -> None:
        """
        A mistake in a program stays what it is.
        """

        def answer(_: Any) -> str:
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            await Llm("test", script=answer).stream("Go").drain()

    async def test_start_is_held_back(self) -> None:
        """
        Nothing comes before the first word, so that another model can take over.
        """

        async def answer(_: Any, __: AgentInfo) -> AsyncIterator[str]:
            if False:  # what makes it a generator
                yield ""
            raise ModelHTTPError(529, "m")

        busy = Llm(FunctionModel(stream_function=answer)).stream("Go")
        chunks = await busy.fallback(Llm("test", script="Here I am").stream("Go")).to_list()
        assert "Here I am" == text(chunks)


class TestAnswer:
    """
    The whole of it.
    """

    async def test_content(self) -> None:
        """
        What was said last, what was thought, the tools, the tokens, and the conversation to go on with.
        """
        script = [
            [{"type": "reasoning", "content": "Hm"}, "I count.", call("double", "c1", n=4)],
            "It is 8.",
        ]
        answer = await Llm("test", tools=[double], script=script).operate("Go")
        assert ("It is 8.", "Hm", "end", 2) == (answer.content, answer.reasoning, answer.stop_reason, len(answer.usage))
        assert [{"id": "c1", "name": "double", "arguments": '{"n": 4}'}] == answer.tool_calls
        assert [{"id": "c1", "name": "double", "result": 8}] == answer.tool_results
        assert ["user", "assistant", "tool", "assistant"] == [message["role"] for message in answer.messages]
        assert "Answer('It is 8.')" == repr(answer)

    @pytest.mark.parametrize(
        ("output", "expected"),
        [
            (City, City(name="a", size=0)),
            (list[int], [0]),
            ({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, {"n": 0}),
        ],
    )
    async def test_output(self, output: Any, expected: Any) -> None:
        """
        A value of a type, in place of text.
        """
        answer = await Llm("test").operate("Go", output=output)
        assert (expected, [], "end") == (answer.output, answer.tool_calls, answer.stop_reason)

    async def test_output_after_tools(self) -> None:
        """
        Tools come before it; a value that does not fit is given back to the model with what is wrong.
        """
        seen: list[Any] = []

        def answer(messages: list[Any]) -> Any:
            last = messages[-1]
            if last["role"] == "user":
                return [call("double", n=4)]
            seen.append(last["content"])
            return [call("final_result", name="Rome", **({"size": 8} if last.get("isError") else {}))]

        found = await Llm("test", tools=[double], script=answer).operate("Go", output=City)
        assert City(name="Rome", size=8) == found.output
        assert [8, "The answer is wrong: size is missing"] == seen
        assert ["double"] == [each["name"] for each in found.tool_calls]

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ("{", "it is not JSON"),
            ("[]", "name, size is missing"),
            ('{"name": "Rome", "size": "large"}', "size: Input should be a valid integer"),
        ],
    )
    async def test_wrong_output(self, arguments: str, problem: str) -> None:
        """
        Whatever is wrong with a value is said to the model, and nothing of it to the reader.
        """
        seen: list[Any] = []

        def answer(messages: list[Any]) -> Any:
            if messages[-1]["role"] == "user":
                return {"type": "tool_call", "toolCall": {"name": "final_result", "arguments": arguments}}
            seen.append(messages[-1]["content"])
            return [call("final_result", name="Rome", size=8)]

        found = await Llm("test", script=answer).operate("Go", output=City)
        assert City(name="Rome", size=8) == found.output
        assert problem in seen[0]
        assert [] == found.tool_results

    async def test_no_output(self) -> None:
        """
        A model that gives none has failed.
        """
        with pytest.raises(BadGatewayError, match="has not given the answer that was asked for"):
            await Llm("test", script="No.").operate("Go", output=City)

    @pytest.mark.parametrize("output", [3, "x", object()])
    async def test_bad_output(self, output: Any) -> None:
        """
        What is no type is refused.
        """
        with pytest.raises(TypeError, match="output= expects a type that pydantic knows or a JSON schema"):
            await Llm("test").operate("Go", output=output)

    async def test_too_many_turns(self) -> None:
        """
        What a stream says in a chunk is an error here.
        """
        with pytest.raises(TooManyRequestsError, match="in all of its 2 turns"):
            await Llm("test", tools=[double], script=[[call("double", n=1)]], max_turns=2).operate("Go")


class TestOpen:
    """
    Connections that are kept.
    """

    async def test_kept(self) -> None:
        """
        The model is open for the block, for conversations side by side too, and closed once by the last.
        """
        open_now: list[int] = [0]

        class Counted(TestModel):
            async def __aenter__(self) -> Any:
                open_now.append(open_now[-1] + 1)
                return self

            async def __aexit__(self, *_: object) -> None:
                open_now.append(open_now[-1] - 1)

        async with Llm(Counted()) as llm:
            await llm.stream("Go").merge(llm.stream("Go")).drain()
            assert 1 == open_now[-1]
            with pytest.raises(RuntimeError, match="is open already"):
                await llm.__aenter__()
        assert 0 == open_now[-1]
        await llm.stream("Go").drain()
        assert 0 == open_now[-1]
