"""
Structured output: an answer that is a value of a stated type in place of text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_ai.tools import ToolDefinition

from jaystream._core.inspecting import describe
from jaystream.llm.tools import faults

__all__ = ["Output"]

NAME: Final = "final_result"


class Output:
    """
    What an answer is to be, as the tool that the model gives it through: every provider has tools.

    Args:
        kind: A type that pydantic knows, such as a model's class, or a JSON schema.

    Raises:
        TypeError: At this call, if it is neither.
    """

    __slots__ = ("_read", "_schema", "_wrapped", "name")

    def __init__(self, kind: object) -> None:
        self.name: str = NAME
        self._wrapped = False
        if isinstance(kind, Mapping):
            self._schema = dict(cast("Mapping[str, Any]", kind))
            self._read: Callable[[object], Any] = lambda value: value
        else:
            try:
                adapter = TypeAdapter[Any](cast("Any", kind))
                self._schema = adapter.json_schema()
            except Exception as error:
                raise TypeError(
                    f"output= expects a type that pydantic knows or a JSON schema, not {describe(kind)}"
                ) from error
            self._read = adapter.validate_python
        if self._schema.get("type") != "object":  # tools take objects and nothing else
            definitions = self._schema.pop("$defs", None)
            self._schema = {"type": "object", "properties": {"value": self._schema}, "required": ["value"]}
            if definitions:
                self._schema["$defs"] = definitions
            self._wrapped = True

    def definition(self) -> ToolDefinition:
        """
        The tool as pydantic-ai tells a model of it.
        """
        return ToolDefinition(
            name=self.name,
            description="Give the answer. It ends the conversation.",
            parameters_json_schema=self._schema,
            kind="output",
        )

    def read(self, arguments: str) -> Any:
        """
        The value in what a model wrote.

        Raises:
            ValueError: If it is not of the type that was asked for; the message is for the model.
        """
        try:
            value: Any = json.loads(arguments)
        except ValueError as error:
            raise ValueError(f"it is not JSON: {error}") from None
        given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        missing = [name for name in self._schema.get("required", ()) if name not in given]
        if missing:
            raise ValueError(f"{', '.join(missing)} is missing")
        try:
            return self._read(given["value"] if self._wrapped else given)
        except ValidationError as error:
            raise ValueError(faults(error)) from None
