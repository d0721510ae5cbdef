"""
Callables of users: told apart as sync or async where they are given, and watched on their first call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import BuiltinFunctionType, CoroutineType, MethodDescriptorType
from typing import Any

from jaystream._core.inspecting import describe


def is_async(callback: Callable[..., Any]) -> bool:
    """
    Whether calling gives something to await: coroutine functions, partials of them, objects with an async `__call__`.
    """
    while isinstance(callback, functools.partial):
        callback = callback.func
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(type(callback), "__call__", None)  # noqa: B004  # the method itself is looked at
    )


def needs_guard(callback: Callable[..., Any]) -> bool:
    """
    Whether a plain callable might give a coroutine all the same; classes and builtins never do.
    """
    return not isinstance(callback, (type, BuiltinFunctionType, MethodDescriptorType))


def check_callable(callback: object, operator: str) -> None:
    """
    Raises:
        TypeError: If *callback* cannot be called.
    """
    if not callable(callback):
        name = operator if operator.endswith(")") else f"{operator}()"
        raise TypeError(f"{name} expects a callable, sync or async, not {describe(callback)}")


class Guard:
    """
    A plain callable on its first calls: a coroutine that comes back is refused, and then the guard is taken away.
    """

    __slots__ = ("callback", "name", "passed", "refused")

    def __init__(self, callback: Callable[..., Any], name: str) -> None:
        self.callback = callback
        self.name = name
        self.passed = False
        self.refused = False

    def __call__(self, *args: Any) -> Any:
        result = self.callback(*args)
        if type(result) is CoroutineType:
            result.close()
            self.refused = True
            name = self.name if self.name.endswith(")") else f"{self.name}()"
            raise TypeError(
                f"{name} was given a plain callable ({describe(self.callback)}) that returns a coroutine; give "
                "it an `async def` function (or a functools.partial of one), so that the result is awaited"
            )
        self.passed = True
        return result


def is_misuse(callback: Callable[..., Any]) -> bool:
    """
    Whether what *callback* has just raised is its guard's refusal, which no handler of errors may take.
    """
    return isinstance(callback, Guard) and callback.refused


def settle(callbacks: tuple[Any, ...]) -> tuple[Any, ...]:
    """
    Take the guards away that have passed; the last value tells whether one is left.
    """
    settled = [each.callback if type(each) is Guard and each.passed else each for each in callbacks]
    return (*settled, any(type(each) is Guard for each in settled))


def also(error: Exception, earlier: Exception | None) -> Exception:
    """
    An error met while the items before *earlier* were delivered: it goes up, the earlier one as its context.
    """
    if error.__context__ is None and error is not earlier:
        error.__context__ = earlier
    return error


async def give(callback: Callable[..., Any], *args: Any) -> Any:
    """
    Call, and await where that is needed; None stands for no items.

    What is a source and awaitable too is left to whoever opens it, who reads it as the source.
    """
    result = callback(*args)
    if (
        inspect.isawaitable(result)
        and not hasattr(type(result), "__aenter__")
        and not hasattr(type(result), "__aiter__")
    ):
        result = await result
    return () if result is None else result
