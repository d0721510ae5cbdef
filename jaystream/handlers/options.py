"""
The options of handlers: what they are called, and that they are checked where the handler is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

from jaystream._core.inspecting import describe
from jaystream.errors import ConfigurationError
from jaystream.formats.stream_error import ENCODERS
from jaystream.handlers.calling import Callback, callbacks, name_of
from jaystream.sinks.asgi_options import raw_headers

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder
    from jaystream.handlers.calling import Functions
    from jaystream.sinks.asgi_options import Disconnect, Headers, RawHeaders, Waitable

H = TypeVar("H")


class HandlerOptions(TypedDict, total=False):
    """
    What every streaming handler takes.

    Attributes:
        name: The handler's name in the log; by default the function's, or its class's.
        format: The format that chunks are framed in, which are in none: "sse", "ndjson", "text" or another that
            `format_stream_error` knows.
        content_type: The content type, where it is to be another than the format's.
        status: The HTTP status, until the handler sets another one.
        headers: Response headers, a mapping or pairs.
        secrets: Names of secrets that have to be in the environment before the handler runs.
        setup: A function, or a list, called before the handler.
        teardown: A function, or a list, called after the handler on every way out, each whatever the others did.
        validate: A function, or a list, called before all that; one that gives False makes the answer a 400.
        locals: Values, or functions whose result is the value, that handlers find as `locals` of their request.
        throw: Raise a failure after the client has been told of it.
        unavailable: Answer 503 and do nothing; by default what PROJECT_UNAVAILABLE says.
        chaos: A fault to have; by default what PROJECT_CHAOS says.
        chaos_header: Let the request header x-project-chaos ask for a fault.
        scrub: Hide titles and details of errors from clients: a bool, or a mapping with "client" (4xx, by default
            False) and "server" (5xx, by default True).
        log_event: Log each event or request.
        jaypie_status: As in Jaypie, tell of a failure before the first byte in the body of a 200, too.
    """

    name: str | None
    format: str
    content_type: str | None
    status: int
    headers: Headers | None
    secrets: Sequence[str]
    setup: Functions | None
    teardown: Functions | None
    validate: Functions | None
    locals: Mapping[str, Any] | None
    throw: bool
    unavailable: bool | None
    chaos: str | None
    chaos_header: bool
    scrub: bool | Mapping[str, bool]
    log_event: bool
    jaypie_status: bool


class AsgiHandlerOptions(HandlerOptions, total=False):
    """
    What `asgi_stream_handler` takes beyond that; all but the first as `to_asgi` does.

    Attributes:
        max_body: Bytes that a request's body may have.
        keepalive: Seconds of silence until a comment is sent.
        eager_first: Seconds to wait for a stream's first item before the headers go out.
        on_disconnect: "cancel" or "drain".
        send_timeout: Seconds that one write may take.
        max_duration: Seconds until the response is ended well.
        shutdown: An event that ends the response well.
    """

    max_body: int
    keepalive: float | None
    eager_first: float | None
    on_disconnect: Disconnect
    send_timeout: float | None
    max_duration: float | None
    shutdown: Waitable | None


class HandlerSettings:
    """
    The options of one handler, checked.

    Args:
        operator: The name of the function that makes the handler, for errors.
        handler: The function it is made of.
        options: What was given.
        given: What the lifecycle's functions are called with.

    Raises:
        ConfigurationError: For an option that is wrong.
    """

    __slots__ = (
        "chaos",
        "chaos_header",
        "content_type",
        "headers",
        "in_band",
        "locals",
        "log_event",
        "make_wire",
        "name",
        "scrub_client",
        "scrub_server",
        "secrets",
        "setup",
        "status",
        "teardown",
        "throw",
        "unavailable",
        "validate",
    )

    def __init__(self, operator: str, handler: object, options: HandlerOptions, given: Sequence[str]) -> None:
        def option(name: str, kinds: type | tuple[type, ...], default: Any, what: str) -> Any:
            value = options.get(name, default)
            if value is not default and (not isinstance(value, kinds) or (kinds is int and isinstance(value, bool))):
                raise ConfigurationError(f"{operator}({name}=) must be {what}, not {describe(value)}")
            return value

        self.name: str = option("name", str, None, "a str") or name_of(handler)
        self.make_wire: Callable[[], WireEncoder] = _encoder(operator, options.get("format", "sse"))
        self.content_type: str | None = option("content_type", str, None, "a str")
        self.status: int = option("status", int, 200, "an HTTP status")
        if not 200 <= self.status < 600:
            raise ConfigurationError(f"{operator}(status=) must be a final HTTP status, not {self.status}")
        try:
            self.headers: RawHeaders = raw_headers(options.get("headers"), f"{operator}(headers=)")
            if self.content_type is not None:
                self.headers += raw_headers({"content-type": self.content_type}, f"{operator}(content_type=)")
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        self.secrets: tuple[str, ...] = _names(operator, options.get("secrets", ()))
        self.setup: list[Callback] = callbacks(options.get("setup"), f"{operator}(setup=)", given)
        self.teardown: list[Callback] = callbacks(options.get("teardown"), f"{operator}(teardown=)", given)
        self.validate: list[Callback] = callbacks(options.get("validate"), f"{operator}(validate=)", given)
        values: Mapping[str, Any] = option("locals", Mapping, None, "a mapping") or {}
        self.locals: dict[str, Any] = {
            key: Callback(value, f"{operator}(locals=)[{key!r}]", given) if callable(value) else value
            for key, value in values.items()
        }
        self.throw: bool = option("throw", bool, False, "a bool")
        self.unavailable: bool | None = option("unavailable", bool, None, "a bool")
        self.chaos: str | None = option("chaos", str, None, "a str such as 'error' or 'none'")
        self.chaos_header: bool = option("chaos_header", bool, False, "a bool")
        self.log_event: bool = option("log_event", bool, True, "a bool")
        self.in_band: bool = option("jaypie_status", bool, False, "a bool")
        client, server = _scrub(operator, options.get("scrub", {}))
        self.scrub_client: bool = client
        self.scrub_server: bool = server


def _encoder(operator: str, format_: object) -> Callable[[], WireEncoder]:
    found = ENCODERS.get(format_) if isinstance(format_, str) else None
    if found is None:
        accepted = ", ".join(map(repr, ENCODERS))
        raise ConfigurationError(f"{operator}(format=) must be one of {accepted}, not {describe(format_)}")
    return found


def _names(operator: str, secrets: object) -> tuple[str, ...]:
    listed: Any = secrets
    if isinstance(secrets, (list, tuple)) and all(isinstance(each, str) and each for each in listed):
        return tuple(listed)
    raise ConfigurationError(f"{operator}(secrets=) must be a list of names, not {describe(listed)}")


def _scrub(operator: str, scrub: object) -> tuple[bool, bool]:
    if isinstance(scrub, bool):
        return scrub, scrub
    wrong = ConfigurationError(
        f"{operator}(scrub=) must be a bool, or a mapping of 'client' and 'server' to bools, not {describe(scrub)}"
    )
    if not isinstance(scrub, Mapping):
        raise wrong
    given = {"client": False, "server": True, **cast("Mapping[str, object]", scrub)}
    client, server = given.pop("client"), given.pop("server")
    if given or not isinstance(client, bool) or not isinstance(server, bool):
        raise wrong
    return client, server


def make_handler(
    operator: str, make: Callable[[Callable[..., Any], Any], H], kind: type, args: tuple[object, ...], options: Any
) -> Any:
    """
    Make a handler of the arguments of a function that takes it and its options: in either order, the options as a
    mapping or as keywords, as a decorator with parentheses and without.

    Raises:
        ConfigurationError: If something else is given.
    """
    known = kind.__annotations__  # a TypedDict's has those of its bases, too
    handlers: list[object] = []
    given: dict[str, Any] = dict(options)
    for each in args:
        if isinstance(each, Mapping):
            given = {**cast("Mapping[str, Any]", each), **given}
        else:
            handlers.append(each)
    for name in given:
        if name not in known:
            raise ConfigurationError(f"{operator}() has no option {name!r}; its options are {', '.join(sorted(known))}")

    def decorate(handler: object) -> H:
        if not callable(handler):
            raise ConfigurationError(f"{operator}() expects a function that answers a request, not {describe(handler)}")
        return make(handler, given)

    if len(handlers) > 1:
        raise ConfigurationError(f"{operator}() expects one function and its options, not {describe(args)}")
    return decorate(handlers[0]) if handlers else decorate
