"""
The context that a Lambda handler is called with: Lambda's own, with a response stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jaystream.handlers.response_stream import ResponseStream

__all__ = ["HandlerContext", "response_stream_in"]


class HandlerContext:
    """
    Everything that Lambda's context has, and what belongs to the response.

    Attributes:
        response_stream: The response, to write to.
        locals: What the option `locals` of the handler has made.
    """

    __slots__ = ("_context", "locals", "response_stream")

    def __init__(self, context: object, response_stream: ResponseStream) -> None:
        """
        Take Lambda's context: an object, a mapping, or None.
        """
        self._context = context
        self.response_stream: ResponseStream = response_stream
        self.locals: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        context = self._context
        if isinstance(context, Mapping):
            found = cast("Mapping[str, Any]", context)
            if name in found:
                return found[name]
        elif context is not None:
            return getattr(context, name)
        raise AttributeError(f"the context has no {name!r}")

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None

    def __repr__(self) -> str:
        return f"<HandlerContext of {self._context!r}>"


def response_stream_in(context: object) -> Any:
    """
    The response stream of a context, an object or a mapping; None where there is none.
    """
    if isinstance(context, Mapping):
        return cast("Mapping[str, Any]", context).get("response_stream")
    return getattr(context, "response_stream", None)
