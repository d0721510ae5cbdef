"""
`LambdaRequest`: each front's event read the same way, path and query decoded once, and what comes malformed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import BadRequestError
from jaystream.handlers.lambda_request import LambdaRequest
from tests.aws import events

FRONTS = [events.function_url, events.http_api, events.http_api_v1, events.rest, events.balancer]
KINDS = ["function-url", "http-api", "http-api-v1", "rest", "alb"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = TEXT.map(lambda text: "/" + text)


OTHER_EVENTS: list[dict[str, Any]] = [
    {},
    {"Records": [{"cf": {}}]},
    {"version": "2.0"},
    {"version": "2.0", "requestContext": {}},
    {"httpMethod": "GET"},
]


class TestLambdaRequest:
    """
    Events of every kind.
    """

    @pytest.mark.parametrize(("make", "kind"), list(zip(FRONTS, KINDS, strict=True)))
    def test_kind(self, make: Any, kind: str) -> None:
        """
        Each front is recognised, and only Function URLs and REST APIs can stream.
        """
        request = LambdaRequest(make())
        assert (kind, kind in {"function-url", "rest"}) == (request.kind, request.can_stream)

    @pytest.mark.parametrize("event", OTHER_EVENTS)
    def test_no_http(self, event: dict[str, Any]) -> None:
        """
        Another event has no kind, and reads as a request with nothing in it.
        """
        request = LambdaRequest(event)
        assert (None, False, "", "", b"", {}) == (
            request.kind,
            request.can_stream,
            request.method,
            request.path,
            request.body,
            dict(request.headers),
        )

    def test_no_mapping(self) -> None:
        """
        What is no mapping is refused.
        """
        with pytest.raises(TypeError, match="expects an event as Lambda gives it, a mapping, not"):
            LambdaRequest(["no"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    @pytest.mark.parametrize("make", FRONTS)
    @given(path=PATHS)
    def test_path_is_decoded_once(self, make: Any, path: str) -> None:
        """
        The path is what the client meant, percent signs and all, and the raw path decodes to it.
        """
        request = LambdaRequest(make(path))
        assert path == request.path
        assert request.raw_path.isascii()

    @pytest.mark.parametrize("make", [events.function_url, events.rest, events.balancer])
    @given(path=PATHS)
    def test_raw_path_is_as_sent(self, make: Any, path: str) -> None:
        """
        Where the event has the path encoded, that is the raw path.
        """
        assert quote(path).encode() == LambdaRequest(make(path)).raw_path

    @given(pairs=st.lists(st.tuples(TEXT, TEXT), max_size=5))
    def test_query(self, pairs: list[tuple[str, str]]) -> None:
        """
        Names and values come as the client meant them, whichever front had decoded them.
        """
        raw = urlencode(pairs)
        encoded = [(quote(name), quote(value)) for name, value in pairs]
        assert pairs == LambdaRequest(events.function_url(query=raw)).query_list
        assert pairs == LambdaRequest(events.http_api(query=raw)).query_list
        grouped = [(name, value) for name in dict(pairs) for other, value in pairs if other == name]
        assert grouped == LambdaRequest(events.rest(query=pairs)).query_list
        assert grouped == LambdaRequest(events.balancer(query=encoded, several=True)).query_list
        assert dict(pairs) == dict(LambdaRequest(events.balancer(query=encoded)).query)

    def test_query_as_sent(self) -> None:
        """
        A query that comes raw stays as it is, and what no URL may hold is encoded.
        """
        assert b"a=b+c&a=%20&e=" == LambdaRequest(events.http_api(query="a=b+c&a=%20&e=")).query_string
        assert b"q=%C3%A9%20x" == LambdaRequest(events.http_api(query="q=é x")).query_string
        assert b"q=a%2Bb+c" == LambdaRequest(events.rest(query=[("q", "a+b c")])).query_string

    def test_headers(self) -> None:
        """
        Names are read in any case; several values are pairs in the list and one value in the map.
        """
        for make in (events.rest, events.http_api_v1):
            request = LambdaRequest(make(headers=[("X-One", "1"), ("X-One", "2")]))
            assert [("x-one", "1"), ("x-one", "2")] == request.header_list[-2:]
            assert ("1, 2", True) == (request.headers["X-ONE"], "x-one" in request.headers)
        assert "1,2" == LambdaRequest(events.function_url(headers=[("x-one", "1"), ("x-one", "2")])).headers["x-one"]

    def test_headers_absent(self) -> None:
        """
        Null maps, null values and a map with one value only are read too.
        """
        event = events.rest() | {"headers": {"A": "1", "b": None, "n": 5}, "multiValueHeaders": None}
        assert [("a", "1"), ("n", "5")] == LambdaRequest(event).header_list
        event |= {"headers": None}
        assert [] == LambdaRequest(event).header_list
        event |= {"multiValueHeaders": {"a": "bare", "b": None, "c": ["1", None]}, "queryStringParameters": {"q": None}}
        request = LambdaRequest(event)
        assert ([("a", "bare"), ("c", "1")], b"") == (request.header_list, request.query_string)
        assert (2, "{'a': 'bare', 'c': '1'}") == (len(request.headers), repr(request.headers))

    @pytest.mark.parametrize("make", [events.function_url, events.http_api])
    def test_cookies_once(self, make: Any) -> None:
        """
        Cookies are one header, though a Function URL gives them twice.
        """
        request = LambdaRequest(make(cookies=["a=1", 'b="x y"', "a=2"]))
        assert ['a=1; b="x y"; a=2'] == [value for name, value in request.header_list if name == "cookie"]
        assert {"a": "2", "b": "x y"} == dict(request.cookies)

    def test_cookies_in_several_headers(self) -> None:
        """
        Several cookie headers become one, with semicolons.
        """
        request = LambdaRequest(events.rest(headers=[("Cookie", "a=1"), ("Cookie", "b=2; broken; =3")]))
        assert {"a": "1", "b": "2"} == dict(request.cookies)
        assert "a=1; b=2; broken; =3" == request.headers["cookie"]

    @pytest.mark.parametrize("make", FRONTS)
    def test_client_scheme_host(self, make: Any) -> None:
        """
        One address, also of those a load balancer lists; the scheme that was used; the host that was asked.
        """
        request = LambdaRequest(make())
        scheme = "http" if request.kind == "alb" else "https"
        assert ("203.0.113.7", scheme) == (request.client, request.scheme)
        assert request.host in {events.URL_HOST, events.API_HOST, events.BALANCER_HOST}

    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [("203.0.113.7:5000", "203.0.113.7"), ("[2001:db8::1]:5000", "2001:db8::1"), ("2001:db8::1", "2001:db8::1")],
    )
    def test_client_port(self, forwarded: str, client: str) -> None:
        """
        A load balancer that keeps the client's port gives the address with it.
        """
        event = events.balancer()
        event["headers"]["x-forwarded-for"] = forwarded
        assert client == LambdaRequest(event).client
        del event["headers"]["x-forwarded-for"]
        assert None is LambdaRequest(event).client

    def test_stage(self) -> None:
        """
        A named stage is told, the default one is none.
        """
        assert ("prod", "dev", None) == (
            LambdaRequest(events.rest()).stage,
            LambdaRequest(events.http_api(stage="dev")).stage,
            LambdaRequest(events.function_url()).stage,
        )

    @pytest.mark.parametrize("make", FRONTS)
    @given(body=st.binary(max_size=40))
    def test_body(self, make: Any, body: bytes) -> None:
        """
        The body's bytes come through, text or base64.
        """
        assert body == LambdaRequest(make(method="POST", body=body)).body

    def test_text_and_json(self) -> None:
        """
        The body as text by its charset, and as JSON.
        """
        latin = [("content-type", 'text/plain; charset="latin-1"')]
        assert "é" == LambdaRequest(events.function_url(body=b"\xe9", headers=latin)).text()
        assert {"a": 1} == LambdaRequest(events.rest(body=b'{"a": 1}')).json()

    def test_garbage(self) -> None:
        """
        A body that is not what it should be is the client's fault.
        """
        broken = events.function_url(body=b"x") | {"isBase64Encoded": True}
        with pytest.raises(BadRequestError, match="not base64, though it says so"):
            _ = LambdaRequest(broken).body
        with pytest.raises(BadRequestError, match="must be text, not dict"):
            _ = LambdaRequest(events.rest() | {"body": {}}).body
        with pytest.raises(BadRequestError, match="not JSON"):
            LambdaRequest(events.rest(body=b"{")).json()
        with pytest.raises(BadRequestError, match="not utf-8 text"):
            LambdaRequest(events.rest(body=b"\xff")).text()
        unknown = [("Content-Type", "text/plain; charset=klingon")]
        with pytest.raises(BadRequestError, match="not klingon text"):
            LambdaRequest(events.rest(body=b"x", headers=unknown)).text()

    def test_sparse_events(self) -> None:
        """
        An event written by hand, without most keys, is read as far as it goes.
        """
        request = LambdaRequest({"version": "2.0", "requestContext": {"http": {"method": "get", "path": "/a b"}}})
        assert ("http-api", "GET", "/a b", b"/a%20b", b"", None, "") == (
            request.kind,
            request.method,
            request.path,
            request.raw_path,
            request.query_string,
            request.client,
            request.host,
        )
        url = {"domainName": events.URL_HOST, "http": {"method": "GET", "path": "/a b"}}
        assert b"/a%20b" == LambdaRequest({"version": "2.0", "requestContext": url}).raw_path
        assert "<LambdaRequest http-api GET /a b>" == repr(request)
