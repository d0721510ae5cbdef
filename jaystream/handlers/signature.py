"""
What a handler of ASGI requests takes: a request, a response, and what a web framework finds for it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jaystream.errors import ConfigurationError
from jaystream.handlers.asgi_request import AsgiRequest
from jaystream.handlers.response_stream import ResponseStream

if TYPE_CHECKING:
    from jaystream.integrations.stream_response import StreamResponse

_BARE = inspect.Parameter.empty
_SAYS_NOTHING = (_BARE, Any, "Any")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class HandlerSignature:
    """
    The parameters of one handler, told apart.

    A parameter annotated `AsgiRequest` or `ResponseStream` is the request or the response. Where the annotation says
    nothing (there is none, or it is `Any`), it is the one named so, or else the first and the second. All others are
    the framework's; a Starlette `Request` is made where there is no framework.

    Attributes:
        foreign: The parameters that a framework has to find.
    """

    __slots__ = ("_parameters", "_roles", "foreign")

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._parameters = _parameters(handler)
        self._roles = _roles(self._parameters)
        self.foreign: list[inspect.Parameter] = [
            each for each in self._parameters if each.name not in self._roles and each.kind in _NAMED
        ]

    def for_framework(self, returns: type[StreamResponse]) -> inspect.Signature:
        """
        What the handler looks like to a framework.

        There is always a *request*, of the framework: what has been read of the body is there, and comes no more from
        the server.
        """
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in self.foreign]
        if all(each.name != "request" for each in parameters):
            kind = _starlettes_request() or Any
            parameters.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=kind))
        return inspect.Signature(parameters, return_annotation=returns)

    def arguments(
        self, request: AsgiRequest, response: ResponseStream, found: Mapping[str, Any], name: str
    ) -> tuple[list[Any], dict[str, Any]]:
        """
        What the handler is called with.

        Raises:
            ConfigurationError: If a parameter is a framework's, and none has found it.
        """
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        ours = {"request": request, "response": response}
        for each in self._parameters:
            if each.kind is inspect.Parameter.VAR_POSITIONAL:
                if not self._roles:
                    args += [request, response]
                continue
            if each.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            if each.name in self._roles:
                value = ours[self._roles[each.name]]
            elif each.name in found:
                value = found[each.name]
            elif each.default is not _BARE:
                continue
            elif _is_starlettes_request(each.annotation):
                value = each.annotation(request.scope, request.replay)
            else:
                raise ConfigurationError(
                    f"the handler {name!r} wants {each.name!r}, which a path operation of FastAPI or a handler of "
                    "Litestar finds in the request; as a plain ASGI app it is called with (request, response)"
                )
            if each.kind is inspect.Parameter.POSITIONAL_ONLY:
                args.append(value)
            else:
                kwargs[each.name] = value
        return args, kwargs


def _is_starlettes_request(annotation: object) -> bool:
    return annotation is not None and annotation is _starlettes_request()


def _starlettes_request() -> Any:
    """Starlette's class, where that is loaded."""
    return getattr(sys.modules.get("starlette.requests"), "Request", None)


def _parameters(handler: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        signature = inspect.signature(handler, eval_str=True)
    except NameError:  # an annotation that only type checkers can read
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
    return list(signature.parameters.values())


def _roles(parameters: list[inspect.Parameter]) -> dict[str, str]:
    """Which parameter is the request, and which the response."""
    roles: dict[str, str] = {}
    for each in parameters:
        annotation = each.annotation
        for role, kind in (("request", AsgiRequest), ("response", ResponseStream)):
            if annotation is kind or (isinstance(annotation, str) and annotation.rpartition(".")[2] == kind.__name__):
                roles[each.name] = role
    plain = [
        each
        for each in parameters
        if each.annotation in _SAYS_NOTHING
        and each.default is _BARE
        and each.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    for each in plain:
        if each.name in {"request", "response"} and each.name not in roles.values():
            roles[each.name] = each.name
    for role, each in zip(("request", "response"), parameters[:2], strict=False):
        positional = each.kind is not inspect.Parameter.KEYWORD_ONLY
        if positional and each in plain and each.name not in roles and role not in roles.values():
            roles[each.name] = role
    return roles
