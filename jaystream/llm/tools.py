"""
Tools: what a model may have called, and how a call of one is made.

Lives here: a tool's description, from a function's signature or as it is given, the check of the arguments that a model
wrote, and one call with all that can go wrong in it. When tools are called is the tool loop's business.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

from jaystream._core.guard import is_async
from jaystream._core.inspecting import describe, special_method
from jaystream._core.threads import in_thread
from jaystream.errors import JaypieError

if TYPE_CHECKING:
    from pydantic_ai.tools import ToolDefinition
    from pydantic_core import ValidationError

__all__ = ["Failed", "Pending", "Tool", "ToolLike", "faults", "named_tools"]

log: Final = logging.getLogger("jaystream")

FAILED: Final = "The tool failed"

_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@runtime_checkable
class ToolLike(Protocol):
    """
    Any object that describes a tool: Jaypie's shape.
    """

    @property
    def name(self) -> str:
        """
        What the model calls it.
        """
        ...

    @property
    def description(self) -> str:
        """
        What it is good for, for the model.
        """
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """
        The JSON schema of its arguments, an object.
        """
        ...


class Pending:
    """
    What a tool gives that has no result yet: the call is parked, and goes on when the conversation comes back with one.

    Args:
        xid: Under which name the result will come; by default the call's own.
        message: For whoever is to give the result.
    """

    __slots__ = ("message", "xid")

    def __init__(self, xid: str | None = None, *, message: str | None = None) -> None:
        self.xid: str | None = xid
        self.message: str | None = message


class Failed:
    """
    A call that gave no result.

    Attributes:
        reason: A sentence that the model and the client may read.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason: str = reason


class Tool:
    """
    A tool that a model may have called.

    Args:
        call: A function, sync (it runs in a worker thread) or async, that is given the arguments by name. Its
            signature and docstring describe it to the model where nothing else is given. None for a tool that somebody
            else answers: a call of it is parked as a ``tool_pending`` chunk.
        name: What the model calls it; by default the function's name.
        description: What it is good for; by default what the docstring says.
        parameters: The JSON schema of its arguments; by default from the signature, and then what the model writes is
            checked and converted by pydantic before the call.
        message: For whoever answers a call that is parked.
        approval: Park every call until somebody allows it, and run it then.

    Raises:
        TypeError: At this call, if nothing says what the tool is called or takes.
    """

    __slots__ = ("_validate", "approval", "call", "description", "message", "name", "parameters")

    def __init__(
        self,
        call: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        message: str | None = None,
        approval: bool = False,
    ) -> None:
        if call is not None and not callable(call):
            raise TypeError(f"Tool() expects a function, sync or async, or None, not {describe(call)}")
        self._validate: Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]] | None = None
        if call is not None and parameters is None:
            name, described, parameters, self._validate = _from_signature(call, name)
            description = described if description is None else description
        name = name if name is not None or call is None else getattr(call, "__name__", None)
        if not name or not _NAME.fullmatch(name):
            raise TypeError(
                f"Tool({describe(call)}) needs a name of letters, digits, _ and -, not {name!r}; give it one with name="
            )
        if parameters is None:
            raise TypeError(
                f"Tool {name!r} has nothing to call and no parameters=; give it the JSON schema of its arguments"
            )
        self.call: Callable[..., Any] | None = call
        self.name: str = name
        self.description: str = description or ""
        self.parameters: Mapping[str, Any] = parameters
        self.message: str | None = message
        self.approval: bool = approval

    def __repr__(self) -> str:
        return f"Tool({self.name!r}{', external' if self.call is None else ''})"

    def definition(self) -> ToolDefinition:
        """
        The tool as pydantic-ai tells a model of it.
        """
        from pydantic_ai.tools import ToolDefinition  # noqa: PLC0415 - an extra

        return ToolDefinition(
            name=self.name,
            description=self.description or None,
            parameters_json_schema=dict(self.parameters),
            kind="external" if self.call is None else "function",
        )

    async def run(self, arguments: str, *, explain: bool = False) -> object:
        """
        Call the tool with the arguments that a model wrote, JSON text.

        Args:
            arguments: As they came.
            explain: Whether a failure says what went wrong, if it is no `JaypieError`; without, that stays in the log.

        Returns:
            The result as JSON has it, a `Failed`, or a `Pending`.
        """
        call = self.call
        if call is None:
            return Pending(message=self.message)
        try:
            args, kwargs = (self._validate or self._read)(arguments or "{}")
        except ValueError as error:
            return Failed(f"The arguments of {self.name} are wrong: {error}")
        try:
            result = await call(*args, **kwargs) if is_async(call) else await in_thread(lambda: call(*args, **kwargs))
            if inspect.isawaitable(result):  # a plain function that gives a coroutine, such as a lambda
                result = await result
            return result if isinstance(result, Pending) else _as_json(result)
        except JaypieError as error:
            return Failed(error.detail)
        except Exception as error:
            log.warning("tool %s failed: %s", self.name, error, exc_info=error)
            if type(error).__name__ in {"ModelRetry", "ToolFailed"}:  # pydantic-ai's, made for the model to read
                return Failed(str(error))
            return Failed(f"{type(error).__name__}: {error}" if explain else FAILED)

    def _read(self, arguments: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """
        Raises:
            ValueError: If the arguments are no JSON object, or none that the function takes.
        """
        try:
            read: object = json.loads(arguments)
        except ValueError as error:
            raise ValueError(f"they are not JSON: {error}") from None
        if not isinstance(read, dict):
            raise ValueError(f"they must be a JSON object, not {describe(read)}")  # noqa: TRY004 - a model reads it
        given = cast("dict[str, Any]", read)
        missing = [str(name) for name in self.parameters.get("required", ()) if name not in given]
        if missing:
            raise ValueError(f"{', '.join(missing)} is missing")
        try:
            inspect.signature(cast("Callable[..., Any]", self.call)).bind(**given)
        except TypeError as error:
            raise ValueError(str(error)) from None
        except ValueError:
            pass  # a builtin that has no signature
        return (), given


def _from_signature(
    call: Callable[..., Any], name: str | None
) -> tuple[str, str | None, Mapping[str, Any], Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]]]:
    """A function's name, description and parameters, and what reads the arguments for it."""
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - loads with the first tool, not with the package
    from pydantic_ai.exceptions import UserError  # noqa: PLC0415 - an extra
    from pydantic_ai.tools import Tool as Described  # noqa: PLC0415 - see above
    from pydantic_core import ValidationError  # noqa: PLC0415 - see above

    name = name or getattr(call, "__name__", None)
    if not name or not _NAME.fullmatch(name):
        raise TypeError(f"the tool {describe(call)} has no name; give it one: Tool(function, name=...)")
    try:
        schema = Described[Any](_plain(call, name), takes_ctx=False, name=name).function_schema
    except (UserError, PydanticUserError, NameError, TypeError) as error:
        raise TypeError(f"the signature of tool {name} cannot be described: {error}") from error
    validate = schema.validator.validate_json
    positional, rest = schema.positional_fields, schema.var_positional_field

    def read(arguments: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        try:
            given: dict[str, Any] = dict(validate(arguments))
        except ValidationError as error:
            raise ValueError(faults(error)) from None
        args = [given.pop(field) for field in positional]
        if rest:
            args += given.pop(rest)
        return tuple(args), given

    return name, schema.description, schema.json_schema, read


def faults(error: ValidationError) -> str:
    """
    What pydantic finds wrong, in one line for a model.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join([*[".".join(map(str, each["loc"]))][: len(each["loc"])], each["msg"]]) for each in found)


def _plain(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    """
    What a callable looks like as a plain function, for its description alone: pydantic-ai knows no other, and would
    describe what it gives as well.
    """

    def stand_in(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    routine = inspect.isroutine(call)
    inner: Any = call if routine else getattr(call, "func", None) or special_method(call, "__call__")
    stand_in.__name__ = stand_in.__qualname__ = name
    stand_in.__doc__ = inner.__doc__
    stand_in.__module__ = inner.__module__
    signature = inspect.signature(call, eval_str=True).replace(return_annotation=inspect.Signature.empty)
    stand_in.__dict__["__signature__"] = signature
    stand_in.__annotations__ = {
        each.name: each.annotation for each in signature.parameters.values() if each.annotation is not each.empty
    }
    return stand_in


def _as_json(result: object) -> object:
    """
    A result as JSON has it.

    Raises:
        ValueError: If JSON has no form for it.
    """
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - loads with the first tool, not with the package

    return to_jsonable_python(result)


def named_tools(tools: Iterable[Tool | ToolLike | Mapping[str, Any] | Callable[..., Any]]) -> dict[str, Tool]:
    """
    Tools by their names, each in any of the forms that are taken.

    Raises:
        TypeError: If one is no tool, or two have the same name.
    """
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(cast("object", tools), Iterable):
        raise TypeError(f"tools= expects a list of tools, not {describe(cast('object', tools))}")
    named: dict[str, Tool] = {}
    for each in tools:
        tool = _tool(each)
        if tool.name in named:
            raise TypeError(f"two tools are called {tool.name!r}; a model could not tell them apart")
        named[tool.name] = tool
    return named


def _tool(thing: object) -> Tool:
    if isinstance(thing, Tool):
        return thing
    if isinstance(thing, Mapping):
        fields = cast("Mapping[str, Any]", thing)
    elif isinstance(thing, ToolLike) and not inspect.isroutine(thing):
        fields = {key: getattr(thing, key, None) for key in ("name", "description", "parameters", "call", "message")}
    elif callable(thing):
        return Tool(thing)
    else:
        raise TypeError(
            f"tools= expects functions, and objects with name, description, parameters and call; not {describe(thing)}"
        )
    return Tool(
        fields.get("call"),
        name=fields.get("name"),
        description=fields.get("description"),
        parameters=fields.get("parameters"),
        message=fields.get("message"),
    )
