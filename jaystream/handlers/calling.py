"""
Functions of users: called with as many arguments as they take, sync or async.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from jaystream._core.inspecting import describe
from jaystream.errors import ConfigurationError

Function: TypeAlias = Callable[..., Any]
Functions: TypeAlias = "Function | Sequence[Function]"

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Callback:
    """
    A function that is called with the first so many of what a handler gets, as many as it takes.

    Args:
        f: The function.
        what: How an error names it.
        given: What it may take, for an error.

    Raises:
        ConfigurationError: If it cannot be called, or wants more.
    """

    __slots__ = ("_count", "f")

    def __init__(self, f: object, what: str, given: Sequence[str]) -> None:
        if not callable(f):
            raise ConfigurationError(f"{what} must be a function, sync or async, not {describe(f)}")
        self.f: Function = f
        self._count = _positional(f, what, given)

    def __call__(self, *args: Any) -> Any:
        return self.f(*args[: self._count])

    @property
    def name(self) -> str:
        """Its name."""
        return getattr(self.f, "__name__", None) or describe(self.f)


def look_like(handler: object, function: object) -> None:
    """
    Give *handler* what people look at in a function, but for its name: where it stands, and its docstring.
    """
    origin = origin_of(function)
    vars(handler).update(
        __qualname__=getattr(origin, "__qualname__", name_of(function)),
        __module__=getattr(origin, "__module__", __name__),
        __doc__=getattr(origin, "__doc__", None),
    )


def origin_of(function: object) -> object:
    """
    The function that a partial is made of; any other function as it is.
    """
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    return function


def name_of(function: object) -> str:
    """
    A function's name; where it is an object that can be called, its class's.
    """
    origin = origin_of(function)
    return getattr(origin, "__name__", "") or type(origin).__name__


async def settled(result: object) -> Any:
    """
    What a function gave, awaited where that is needed.
    """
    return await result if inspect.isawaitable(result) else result


def callbacks(functions: object, what: str, given: Sequence[str]) -> list[Callback]:
    """
    Check an option that is a function or a list of them.

    Raises:
        ConfigurationError: If it is something else.
    """
    if functions is None:
        return []
    if callable(functions):
        return [Callback(functions, what, given)]
    if not isinstance(functions, (list, tuple)):
        raise ConfigurationError(f"{what} must be a function or a list of functions, not {describe(functions)}")
    listed = cast("Sequence[object]", functions)
    return [Callback(each, f"each function in {what}", given) for each in listed]


def _positional(f: Function, what: str, given: Sequence[str]) -> int:
    """How many positional arguments *f* takes of those that there are."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return len(given)  # some builtins say nothing of themselves
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return len(given)
    takes = [each for each in parameters if each.kind in _POSITIONAL]
    wanted = [each.name for each in takes[len(given) :] if each.default is inspect.Parameter.empty]
    wanted += [
        each.name
        for each in parameters
        if each.kind is inspect.Parameter.KEYWORD_ONLY and each.default is inspect.Parameter.empty
    ]
    if wanted:
        raise ConfigurationError(
            f"{what} is called with ({', '.join(given)}), or the first of these; {describe(f)} also wants "
            f"{', '.join(wanted)}"
        )
    return min(len(takes), len(given))
