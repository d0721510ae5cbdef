"""
An HTTP client for tests that talks ASGI to an app in the same event loop, and sees a stream as it comes.

Lives here: the client and its request. What has come back, and reading it, is `jaystream.testing.response`'s.
"""

from __future__ import annotations

import json as json_
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from jaystream.testing.response import StreamTestResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, MutableMapping

__all__ = ["StreamTestClient"]

_SAFE = "/:@!$&'()*+,;=~%"


class StreamTestClient:
    r"""
    Asks an ASGI app and reads its answer event by event, without a server, in the test's own event loop.

    What streams, streams: the app runs in a task of its own, waits when the test does not read, and is told when the
    test leaves. Clients that join the body into one piece, as most in-process ones do, hide such faults.

    Args:
        app: Any ASGI app: a framework's, a handler's, a `StreamResponse`.
        base_url: What the app sees as its own address.
        headers: Headers of every request.
        window: Bytes that may lie unread before the app's `send` waits, as a server's buffers would.
        timeout: Seconds that one step may take, such as the next event; None for any time.
        raise_app_errors: Raise what the app raised when the block is left. Without it, see `StreamTestResponse.error`.

    >>> async def main():
    ...     client = StreamTestClient(JaypieStream.of("one", "two").to_response())
    ...     async with client.stream("GET", "/") as response:
    ...         return response.status, (await response.next_event()).data
    >>> from jaystream.testing import StreamTestClient
    >>> asyncio.run(main())
    (200, 'one')
    """

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Awaitable[None]],
        *,
        base_url: str = "http://testserver",
        headers: Mapping[str, str] | None = None,
        window: int = 65_536,
        timeout: float | None = 5.0,
        raise_app_errors: bool = True,
    ) -> None:
        """
        Take the app.

        Raises:
            TypeError: If *app* cannot be called.
            ValueError: If *base_url* is no http address, or *window* is below 1.
        """
        if not callable(app):
            raise TypeError(f"StreamTestClient() expects an ASGI app, not {app!r}")
        base = urlsplit(base_url)
        if base.scheme not in {"http", "https"} or not base.hostname:
            raise ValueError(f"base_url must be an address like 'http://testserver', not {base_url!r}")
        if window < 1:
            raise ValueError(f"window must be at least 1 byte, not {window}")
        self._app = app
        self._base = base
        self._headers = dict(headers or {})
        self._window = window
        self._timeout = timeout
        self._raises = raise_app_errors

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        json: Any = None,
        wait: bool = True,
    ) -> AsyncGenerator[StreamTestResponse, None]:
        """
        Send a request and give the response; leaving the block leaves the stream.

        Args:
            method: The HTTP method.
            url: The path, with a query or without; what is not ASCII is quoted.
            params: More of the query.
            headers: Headers of this request; they win over the client's.
            cookies: Sent as one header.
            content: The body.
            json: The body, as JSON, with its content type.
            wait: Give the response when its headers are there. A stream holds them back for its first item; pass False
                where the block itself brings that about, and read, or await `StreamTestResponse.started`, in it.

        Raises:
            ValueError: If both *content* and *json* are given.
            TimeoutError: If no headers come in time, or if the app does not end when its client has left.
            Exception: What the app raised, unless ``raise_app_errors=False``.

        Flow:
            The app runs in a task of its own, and has ended when the block is left: by itself, or since it was told
            that its client is gone. A cancellation does the same, and goes on.
        """
        body, more = _body(content, json)
        named = {**more, **self._headers, **(headers or {})}
        if cookies:
            named["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        scope = self._scope(method, url, params, named, len(body))
        response = StreamTestResponse(self._app, scope, body, self._window, self._timeout, raises=self._raises)
        response.begin()
        try:
            if wait:
                await response.started()
            yield response
        except BaseException as error:
            await response.leave()
            if response.error is not None and response.error is not error:
                error.add_note(f"the app raised {type(response.error).__name__}: {response.error}")
            raise
        await response.leave()
        if self._raises and response.error is not None:
            raise response.error

    async def request(self, method: str, url: str, **options: Any) -> StreamTestResponse:
        """
        Send a request and read the whole answer.

        Args:
            method: The HTTP method.
            url: As in `stream`, and so are the *options*.

        Raises:
            Exception: As in `stream`.
        """
        async with self.stream(method, url, **options) as response:
            await response.read()
        return response

    async def get(self, url: str, **options: Any) -> StreamTestResponse:
        """
        `request` with GET.
        """
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> StreamTestResponse:
        """
        `request` with POST.
        """
        return await self.request("POST", url, **options)

    def _scope(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | Iterable[tuple[str, str]] | None,
        headers: Mapping[str, str],
        length: int,
    ) -> MutableMapping[str, Any]:
        if not url.startswith("/"):
            raise ValueError(f"url must be a path that begins with '/', not {url!r}")
        path, _, query = url.partition("?")
        if params is not None:
            more: Any = params  # urlencode takes both
            query = "&".join(filter(None, (query, urlencode(more))))
        raw_path = quote(path, safe=_SAFE)
        https = self._base.scheme == "https"
        port = self._base.port or (443 if https else 80)
        lines = {name.lower(): value for name, value in headers.items()}
        lines.setdefault("host", self._base.netloc)
        lines.setdefault("accept", "*/*")
        if length:
            lines.setdefault("content-length", str(length))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method.upper(),
            "scheme": self._base.scheme,
            "path": unquote(raw_path),
            "raw_path": raw_path.encode("ascii"),
            "query_string": query.encode("ascii", "backslashreplace"),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines.items()],
            "client": ("testclient", 50_000),
            "server": (self._base.hostname, port),
            "state": {},
            "extensions": {},
        }


def _body(content: str | bytes | None, json: Any) -> tuple[bytes, dict[str, str]]:
    if json is not None:
        if content is not None:
            raise ValueError("a request has one body: pass content= or json=, not both")
        return json_.dumps(json).encode(), {"content-type": "application/json"}
    return content.encode() if isinstance(content, str) else content or b"", {}
