"""
The base of `StreamResponse` where there is no Starlette, and what type checkers see of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaystream.sinks.asgi_options import RawHeaders


class HeaderView(MutableMapping[str, str]):
    """
    Headers by name, in any case, over the list that is sent; setting one replaces all of its name.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: RawHeaders) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        wanted = _raw_name(name)
        for key, value in self._raw:
            if key == wanted:
                return value.decode("latin-1")
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        wanted = _raw_name(name)
        self._raw[:] = [*(pair for pair in self._raw if pair[0] != wanted), (wanted, value.encode("latin-1"))]

    def __delitem__(self, name: str) -> None:
        self[name]  # a KeyError for a name that is not there
        wanted = _raw_name(name)
        self._raw[:] = [pair for pair in self._raw if pair[0] != wanted]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self._raw))

    def __len__(self) -> int:
        return len({name for name, _ in self._raw})


def _raw_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


class PlainResponse:
    """
    The attributes that Starlette's `Response` has and frameworks look at.

    Attributes:
        status_code: The HTTP status.
        media_type: The content type.
        raw_headers: The headers as ASGI carries them.
        background: Awaited when the response has been sent.
    """

    status_code: int
    media_type: str | None
    raw_headers: RawHeaders
    background: Callable[[], Awaitable[None]] | None

    @property
    def headers(self) -> MutableMapping[str, str]:
        """
        The headers by name.
        """
        return HeaderView(self.raw_headers)
