"""
What an ASGI response is told: the arguments of `to_asgi` and `to_response`, checked where the pipeline is written.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from jaystream._core.inspecting import describe
from jaystream._core.stages import check_int, check_seconds

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
RawHeaders: TypeAlias = "list[tuple[bytes, bytes]]"
Headers: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
Disconnect: TypeAlias = Literal["cancel", "drain"]

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""What the name of a header, and of a cookie, is made of: RFC 9110."""


class Waitable(Protocol):
    """
    An event: `asyncio.Event`, `anyio.Event`, or anything with an async `wait`.
    """

    async def wait(self) -> object:
        """
        Come back when it has happened.
        """
        ...


class AsgiOptions:
    """
    What `to_asgi` and `to_response` take, checked.

    Attributes:
        in_band: A failure before the first byte is told in the body too, where the format can.
    """

    __slots__ = (
        "drains",
        "eager_first",
        "headers",
        "in_band",
        "keepalive",
        "max_duration",
        "send_timeout",
        "shutdown",
        "status",
        "throw",
    )

    def __init__(
        self,
        operator: str,
        *,
        status: int = 200,
        headers: Headers | None = None,
        keepalive: float | None = 15.0,
        eager_first: float | None = 5.0,
        on_disconnect: Disconnect = "cancel",
        send_timeout: float | None = 60.0,
        max_duration: float | None = None,
        shutdown: Waitable | None = None,
        throw: bool = False,
    ) -> None:
        if not 200 <= check_int(status, operator, "status") < 600:
            raise ValueError(f"{operator}(status=) must be a final HTTP status from 200 to 599, not {status}")
        if on_disconnect not in {"cancel", "drain"}:
            raise ValueError(f"{operator}(on_disconnect=) must be 'cancel' or 'drain', not {on_disconnect!r}")
        if shutdown is not None and not hasattr(shutdown, "wait"):
            raise TypeError(f"{operator}(shutdown=) expects an event with an async wait(), not {describe(shutdown)}")
        self.status: int = status
        self.headers: RawHeaders = raw_headers(headers, f"{operator}(headers=)")
        self.keepalive: float = seconds_or_never(keepalive, operator, "keepalive")
        self.eager_first: float = seconds_or_never(eager_first, operator, "eager_first")
        self.send_timeout: float = seconds_or_never(send_timeout, operator, "send_timeout")
        self.max_duration: float = seconds_or_never(max_duration, operator, "max_duration")
        self.drains: bool = on_disconnect == "drain"
        self.shutdown: Waitable | None = shutdown
        self.throw: bool = bool(throw)
        self.in_band: bool = False


def seconds_or_never(value: float | None, operator: str, argument: str) -> float:
    """
    A number of seconds; None stands for never.
    """
    return float("inf") if value is None else check_seconds(value, operator, argument, zero=argument == "eager_first")


def raw_headers(headers: Headers | None, what: str) -> RawHeaders:
    """
    Headers as ASGI carries them: names in lower case, both as bytes. An error calls them *what*.

    Raises:
        TypeError: If *headers* is neither a mapping nor pairs of str.
        ValueError: If a name is no token, or a value holds CR, LF or NUL, or is not Latin-1.
    """
    if headers is None:
        return []
    # callers without types may pass anything
    given = cast("Any", headers)
    try:
        pairs: list[tuple[object, object]] = [
            (name, value) for name, value in (given.items() if isinstance(headers, Mapping) else given)
        ]
    except (TypeError, ValueError):
        raise TypeError(f"{what} expects a mapping, or pairs of str, not {describe(given)}") from None
    raw: RawHeaders = []
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"{what} expects names and values as str, not {name!r}: {value!r}")
        if any(mark in name + value for mark in "\r\n\0"):
            raise ValueError(f"{what} may not hold CR, LF or NUL: {name!r}: {value!r}")
        if not TOKEN.fullmatch(name):
            raise ValueError(f"{what}: the name of a header is letters, digits and a few marks, not {name!r}")
        try:
            raw.append((name.lower().encode("latin-1"), value.encode("latin-1")))
        except UnicodeEncodeError:
            raise ValueError(f"{what}: the value of a header is Latin-1 text, not {name!r}: {value!r}") from None
    return raw


def response_headers(wire: WireEncoder, extra: RawHeaders) -> RawHeaders:
    """
    What a stream's response says of itself; *extra* wins.

    There is no `connection` header: it is illegal in HTTP/2, and HTTP/1.1 keeps connections alive by itself.
    """
    own = {
        b"content-type": wire.media_type.encode("latin-1"),
        b"cache-control": b"no-cache",
        b"x-accel-buffering": b"no",
        **{name.lower().encode("latin-1"): value.encode("latin-1") for name, value in wire.headers.items()},
    }
    given = {name for name, _ in extra}
    return [(name, value) for name, value in own.items() if name not in given] + extra


DEFAULTS: tuple[object, ...] = tuple((AsgiOptions.__init__.__kwdefaults__ or {}).values())
"""What the arguments are that nobody has given."""

PLAIN: AsgiOptions = AsgiOptions("to_asgi")
"""The options of all responses without any of their own."""
