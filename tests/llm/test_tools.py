"""
Tools: how they are described, and one call with all that can go wrong in it.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Literal

import pytest
from pydantic import BaseModel
from pydantic_ai.exceptions import ModelRetry

from jaystream.errors import NotFoundError
from jaystream.llm import Pending, Tool
from jaystream.llm.tools import Failed, named_tools

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class Place(BaseModel):
    """
    Where something is.
    """

    name: str


def weather(city: str, unit: Literal["c", "f"] = "c") -> str:
    """
    Tell the weather.

    Args:
        city: Where.
        unit: Of the temperature.
    """
    return f"{city}: 20 {unit}"


async def reason(tool: Tool, arguments: str, **options: Any) -> str:
    """
    Why a call failed.
    """
    outcome = await tool.run(arguments, **options)
    assert isinstance(outcome, Failed)
    return outcome.reason


class TestDescription:
    """
    What a model is told.
    """

    def test_signature(self) -> None:
        """
        A function is described by its signature and docstring.
        """
        tool = Tool(weather)
        assert ("weather", "Tell the weather.") == (tool.name, tool.description)
        assert ["city"] == tool.parameters["required"]
        assert "Where." == tool.parameters["properties"]["city"]["description"]
        assert ["c", "f"] == tool.parameters["properties"]["unit"]["enum"]
        assert "Tool('weather')" == repr(tool)

    def test_given(self) -> None:
        """
        What is given goes before what is found.
        """
        tool = Tool(weather, name="forecast", description="Look ahead.", parameters=SCHEMA)
        assert ("forecast", "Look ahead.", SCHEMA) == (tool.name, tool.description, tool.parameters)
        definition = tool.definition()
        assert ("forecast", SCHEMA, "function") == (
            definition.name,
            definition.parameters_json_schema,
            definition.kind,
        )

    def test_partial(self) -> None:
        """
        A partial and an object that can be called are described too, when they are named.
        """

        class Shop:
            """
            A shop.
            """

            def __call__(self, item: str) -> str:
                """
                Look for something.
                """
                return item

            def price(self, item: str) -> int:
                """
                Ask for a price.
                """
                return len(item)

        assert ["city"] == Tool(functools.partial(weather, unit="f"), name="w").parameters["required"]
        assert ["item"] == Tool(Shop(), name="shop").parameters["required"]
        assert ("price", "Ask for a price.") == (Tool(Shop().price).name, Tool(Shop().price).description)
        with pytest.raises(TypeError, match=r"has no name; give it one: Tool\(function, name=...\)"):
            Tool(functools.partial(weather, unit="f"))
        with pytest.raises(TypeError, match="has no name"):
            Tool(lambda: 1)

    def test_external(self) -> None:
        """
        A tool without a function is somebody else's, and needs a schema.
        """
        tool = Tool(name="ask", parameters=SCHEMA)
        assert "external" == tool.definition().kind
        assert "Tool('ask', external)" == repr(tool)
        with pytest.raises(TypeError, match="'ask' has nothing to call and no parameters="):
            Tool(name="ask")

    @pytest.mark.parametrize("name", ["", "two words", "ü"])
    def test_bad_name(self, name: str) -> None:
        """
        A name that providers refuse is refused here.
        """
        with pytest.raises(TypeError, match="needs a name of letters, digits"):
            Tool(weather, name=name, parameters=SCHEMA)

    def test_not_callable(self) -> None:
        """
        So is what cannot be called.
        """
        not_a_function: Any = 3
        with pytest.raises(TypeError, match="expects a function, sync or async, or None, not 3"):
            Tool(not_a_function)

    def test_unknown_annotation(self) -> None:
        """
        A signature that nothing can be made of is said to be one.
        """

        def odd(thing: complex | OSError) -> None:
            """Take something."""

        with pytest.raises(TypeError, match="the signature of tool odd cannot be described"):
            Tool(odd)

    def test_forms(self) -> None:
        """
        Functions, objects and mappings are all taken.
        """

        class Finder:
            name = "find"
            description = "Find it."
            parameters: Mapping[str, Any] = SCHEMA

            def call(self, city: str) -> str:
                return city

        tools = named_tools([weather, Finder(), {"name": "ask", "parameters": SCHEMA}, Tool(weather, name="again")])
        assert ["weather", "find", "ask", "again"] == list(tools)
        assert (None, "Find it.") == (tools["ask"].call, tools["find"].description)

    def test_not_tools(self) -> None:
        """
        What is no tool is refused, and so are two of one name.
        """
        wrong: Any = [3]
        a_name: Any = "weather"
        with pytest.raises(TypeError, match=r"tools= expects functions, and objects with name.* not 3"):
            named_tools(wrong)
        with pytest.raises(TypeError, match="expects a list of tools"):
            named_tools(a_name)
        with pytest.raises(TypeError, match="two tools are called 'weather'"):
            named_tools([weather, weather])


class TestCall:
    """
    One call.
    """

    async def test_result(self) -> None:
        """
        The arguments are converted, and the result is as JSON has it.
        """

        async def find(at: Place, *more: int, **rest: str) -> dict[str, Any]:
            return {"at": at, "more": more, "rest": rest}

        found = await Tool(find).run('{"at": {"name": "Rome"}, "more": ["1", 2], "x": "y"}')
        assert {"at": {"name": "Rome"}, "more": [1, 2], "rest": {"x": "y"}} == found
        assert "Rome: 20 c" == await Tool(weather).run('{"city": "Rome"}')

    async def test_thread(self) -> None:
        """
        A plain function runs in another thread, with the context variables of here.
        """
        user: ContextVar[str] = ContextVar("user")
        user.set("Ada")

        def who() -> tuple[bool, str]:
            return threading.current_thread() is threading.main_thread(), user.get()

        assert [False, "Ada"] == await Tool(who).run("{}")

    async def test_plain_that_gives_a_coroutine(self) -> None:
        """
        What a plain function gives is awaited where it can be.
        """

        async def later(city: str) -> str:
            return city

        def plain(city: str) -> Any:
            return later(city)

        tool = Tool(plain)
        assert "Rome" == await tool.run('{"city": "Rome"}')

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ("{", "Invalid JSON"),
            ("[]", "should be an object"),
            ('{"unit": "k"}', "city: Field required; unit: Input should be 'c' or 'f'"),
        ],
    )
    async def test_bad_arguments(self, arguments: str, problem: str) -> None:
        """
        The model is told what is wrong with its arguments, and the function is not called.
        """
        told = await reason(Tool(weather), arguments)
        assert told.startswith("The arguments of weather are wrong: ")
        assert problem in told
        assert "\n" not in told

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ("{", "they are not JSON"),
            ("3", "they must be a JSON object, not 3"),
            ("{}", "city is missing"),
            ('{"city": "Rome", "no": 1}', "unexpected keyword argument 'no'"),
        ],
    )
    async def test_bad_arguments_for_schema(self, arguments: str, problem: str) -> None:
        """
        Also where the schema is given, as far as that can be seen.
        """
        assert problem in await reason(Tool(weather, parameters=SCHEMA), arguments)

    async def test_failure(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        What went wrong stays in the log, but for errors made to be told.
        """

        def fail(kind: str) -> None:
            raise {"ours": NotFoundError("no such town"), "model": ModelRetry("try Rome")}.get(kind, OSError("secret"))

        tool = Tool(fail)
        with caplog.at_level(logging.WARNING, "jaystream"):
            assert "no such town" == await reason(tool, '{"kind": "ours"}')
            assert "try Rome" == await reason(tool, '{"kind": "model"}')
            assert "The tool failed" == await reason(tool, '{"kind": "other"}')
        assert "tool fail failed: secret" in caplog.text
        assert "OSError: secret" == await reason(tool, '{"kind": "other"}', explain=True)

    async def test_unencodable(self) -> None:
        """
        A result that JSON has no form for is a failure.
        """

        def odd() -> object:
            return object()

        assert "The tool failed" == await reason(Tool(odd), "{}")

    async def test_pending(self) -> None:
        """
        A tool may say itself that its result comes later; an external one always does.
        """

        def order() -> Pending:
            return Pending("job-7", message="Wait for it")

        outcome = await Tool(order).run("{}")
        assert isinstance(outcome, Pending)
        assert ("job-7", "Wait for it") == (outcome.xid, outcome.message)
        assert isinstance(await Tool(name="ask", parameters=SCHEMA).run("{}"), Pending)
