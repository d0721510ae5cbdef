"""
Mangum as the oracle: on events that both handle, an application gets the same scope and Lambda the same answer.

Where we differ on purpose, `SCOPE_DIFFERENCES` and `ANSWER_DIFFERENCES` say so, and `TestDifferences` shows each.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaystream import create_lambda_stream_handler
from tests.aws import events
from tests.aws.contexts import body, sending, start, stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

mangum = pytest.importorskip("mangum")

SCOPE_DIFFERENCES = {
    "asgi": "we state version 2.4 of the HTTP spec, Mangum 2.0",
    "extensions": "an empty mapping, which Mangum leaves out",
    "http_version": "that of the event, where it tells; Mangum says 1.1",
    "raw_path": "the encoded path; Mangum says None",
    "root_path": "the stage and the base path, with the path after them, as ASGI asks; Mangum takes a base path off by "
    "its letters, not its segments, keeps an HTTP API's stage, and leaves root_path empty",
    "path": "decoded once; Mangum decodes the path of payload 2.0 a second time",
    "headers": "one pair per value where the event has several; Mangum joins those of a REST API",
    "query_string": "a load balancer's as it was sent; Mangum decodes and encodes it anew",
    "server": "the port is 443 for https where nothing tells; Mangum says 80, and 'mangum' where there is no host",
    "client": "one address for a load balancer, the last one forwarded; Mangum gives the whole list",
}

ANSWER_DIFFERENCES = {
    "content-type": "none where the application gave none; Mangum says application/json for payload 2.0",
    "base64": "everything that is compressed, whatever it looks like; text in no named type, and +json and +xml, go as "
    "text, which Mangum encodes",
    "multiValueHeaders": "left out where no header has several values",
    "load balancer": "several values of a header are joined, and only cookies differ by case",
    "content-length": "left out where it is not the body's",
    "errors": "a JSON:API body; Mangum sends the text Internal Server Error",
    "exclude_headers": "holds for every front; Mangum forgets payload 2.0",
}

VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)
NAME = st.sampled_from(["x-one", "X-Two", "Accept", "x-THREE"])
PATH = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"), max_size=12).map(
    lambda text: "/" + text
)
QUERY = st.lists(st.tuples(st.text("ab &=+é", min_size=1, max_size=4), st.text("xy &=+é", max_size=6)), max_size=4)
SEVERAL = st.lists(st.tuples(NAME, VALUE), max_size=4)


@pytest.fixture
def call_mangum() -> Iterator[Callable[..., Any]]:
    """
    Call Mangum with an application and an event, on a loop as it wants one.
    """
    loop = asyncio.new_event_loop()

    def call(app: Any, event: dict[str, Any], **options: Any) -> Any:
        asyncio.set_event_loop(loop)
        return mangum.Mangum(app, **{"lifespan": "off", **options})(event, stock())

    yield call
    asyncio.set_event_loop(None)
    loop.close()


def call_ours(app: Any, event: dict[str, Any], **options: Any) -> Any:
    """
    Call our handler in the same way.
    """
    chosen: dict[str, Any] = {"lifespan": "off", **options}
    handler = create_lambda_stream_handler(app, **chosen)
    try:
        return handler(event, stock())
    finally:
        handler.close()


def scope_by(call: Callable[..., Any], event: dict[str, Any], **options: Any) -> dict[str, Any]:
    """
    The scope that an application gets.
    """
    found: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append({**scope, "body": (await receive())["body"]})
        await sending(start(200, ("content-type", "text/plain")), body(b"x"))(scope, receive, send)

    call(app, event, **options)
    return found[0]


def comparable(scope: dict[str, Any], *, balancer: bool) -> dict[str, Any]:
    """
    A scope without what differs on purpose.
    """
    kept = {key: value for key, value in scope.items() if key not in {"asgi", "extensions", "raw_path", "aws.context"}}
    kept["path"] = scope["path"].removeprefix(kept.pop("root_path"))
    headers: dict[str, str] = {}
    for name, value in ((name.decode(), value.decode()) for name, value in scope["headers"]):
        headers[name] = f"{headers[name]}, {value}" if name in headers and not balancer else value
    kept["headers"] = headers
    query: str = scope["query_string"].decode()
    kept["query_string"] = sorted(parse_qsl(query, keep_blank_values=True))
    kept["server"] = scope["server"][0]
    kept["client"] = scope["client"][0].rpartition(", ")[2]
    return kept


def assert_same_scope(call_mangum: Any, event: dict[str, Any]) -> None:
    """
    Both make the same of an event, but for the stated differences.
    """
    is_balancer = "elb" in event["requestContext"]
    theirs = comparable(scope_by(call_mangum, event), balancer=is_balancer)
    ours = comparable(scope_by(call_ours, event), balancer=is_balancer)
    assert theirs == ours


def assert_same_answer(call_mangum: Any, app: Any, event: dict[str, Any]) -> dict[str, Any]:
    """
    Both give Lambda the same answer.
    """
    theirs, ours = call_mangum(app, event), call_ours(app, event)
    if not theirs.get("multiValueHeaders", True):
        del theirs["multiValueHeaders"]
    assert theirs == ours
    json.dumps(ours)
    answer: dict[str, Any] = ours
    return answer


FRONTS = [
    events.function_url(),
    events.http_api(),
    events.http_api_v1(),
    events.rest(),
    events.balancer(),
    events.balancer(several=True),
]
SAME_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestScopes:
    """
    What an application reads.
    """

    @given(path=PATH, query=QUERY, headers=SEVERAL, cookies=st.lists(st.from_regex(r"[a-z]=[a-z]*", fullmatch=True)))
    @SAME_FIXTURE
    def test_function_url_and_http_api(
        self, call_mangum: Any, path: str, query: Any, headers: Any, cookies: list[str]
    ) -> None:
        """
        Payload 2.0, with and without cookies, queries, several values of a header.
        """
        raw = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
        for make in (events.function_url, events.http_api):
            assert_same_scope(call_mangum, make(path, query=raw, headers=headers, cookies=cookies))

    @given(path=PATH, query=QUERY, headers=SEVERAL)
    @SAME_FIXTURE
    def test_rest_and_http_api_v1(self, call_mangum: Any, path: str, query: Any, headers: Any) -> None:
        """
        Payload 1.0 of both APIs.
        """
        for make in (events.rest, events.http_api_v1):
            assert_same_scope(call_mangum, make(path, query=query, headers=headers))

    @given(path=PATH, query=QUERY, headers=SEVERAL, several=st.booleans())
    @SAME_FIXTURE
    def test_balancer(self, call_mangum: Any, path: str, query: Any, headers: Any, several: bool) -> None:
        """
        A load balancer's event, with multi-value headers and without.
        """
        encoded = [(quote(name), quote(value)) for name, value in query]
        assert_same_scope(call_mangum, events.balancer(path, query=encoded, headers=headers, several=several))

    @pytest.mark.parametrize("make", [events.function_url, events.http_api, events.rest, events.balancer])
    @given(data=st.binary(max_size=30), method=st.sampled_from(["POST", "PUT", "PATCH"]))
    @SAME_FIXTURE
    def test_body_and_method(self, call_mangum: Any, make: Any, data: bytes, method: str) -> None:
        """
        The body, text or base64, and the method.
        """
        assert_same_scope(call_mangum, make("/", method=method, body=data))

    def test_http_api_v1_with_single_headers(self, call_mangum: Any) -> None:
        """
        Payload 1.0 with one value per header only, and with no headers at all.
        """
        event = events.http_api_v1("/x", headers=[("X-A", "1")])
        assert_same_scope(call_mangum, event | {"multiValueHeaders": None})
        bare = event | {"multiValueHeaders": None, "headers": None}
        assert [] == scope_by(call_ours, bare)["headers"]


class TestAnswers:
    """
    What Lambda is given.
    """

    @pytest.mark.parametrize("event", FRONTS)
    @given(
        data=st.one_of(st.binary(max_size=30), st.text(max_size=30).map(str.encode)),
        media=st.sampled_from(
            ["text/html; charset=utf-8", "application/json", "application/vnd.api+json", "image/png", "a/b"]
        ),
        status=st.sampled_from([200, 201, 302, 404, 500]),
    )
    @SAME_FIXTURE
    def test_text_and_binary(
        self, call_mangum: Any, event: dict[str, Any], data: bytes, media: str, status: int
    ) -> None:
        """
        Status, type and body, in any number of pieces.
        """
        half = len(data) // 2
        app = sending(start(status, ("content-type", media)), body(data[:half], more=True), body(data[half:]))
        assert_same_answer(call_mangum, app, event)

    @pytest.mark.parametrize("event", FRONTS)
    @pytest.mark.parametrize("encoding", ["gzip", "br"])
    def test_compressed(self, call_mangum: Any, event: dict[str, Any], encoding: str) -> None:
        """
        A compressed body goes as base64.
        """
        data = gzip.compress(b"text", mtime=0)
        app = sending(start(200, ("content-type", "text/plain"), ("content-encoding", encoding)), body(data))
        answer = assert_same_answer(call_mangum, app, event)
        assert (base64.b64encode(data).decode(), True) == (answer["body"], answer["isBase64Encoded"])

    @pytest.mark.parametrize("event", FRONTS)
    @pytest.mark.parametrize("count", [0, 1, 2, 3])
    def test_cookies(self, call_mangum: Any, event: dict[str, Any], count: int) -> None:
        """
        Cookies, each in the way of its front.
        """
        cookies = [("set-cookie", f"c{number}=1; Path=/") for number in range(count)]
        app = sending(start(200, ("content-type", "text/plain"), *cookies), body(b"x"))
        theirs, ours = call_mangum(app, event), call_ours(app, event)
        if "elb" in event["requestContext"] and "headers" in ours:
            # which spellings are taken is each one's own choice, as long as they are different
            assert sorted(theirs["headers"].values()) == sorted(ours["headers"].values())
            assert {"content-type", *(["set-cookie"] if count else [])} == {name.lower() for name in ours["headers"]}
        else:
            assert_same_answer(call_mangum, app, event)

    @pytest.mark.parametrize("event", [*FRONTS[:4], FRONTS[5]])
    def test_headers(self, call_mangum: Any, event: dict[str, Any]) -> None:
        """
        Headers, empty ones and repeated ones.
        """
        headers = [("content-type", "text/plain"), ("X-Empty", ""), ("Vary", "A"), ("vary", "B"), ("Location", "/x")]
        assert_same_answer(call_mangum, sending(start(302, *headers), body()), event)

    @pytest.mark.parametrize("event", FRONTS)
    def test_own_text_types(self, call_mangum: Any, event: dict[str, Any]) -> None:
        """
        A type that is named as text goes as text.
        """
        app = sending(start(200, ("content-type", "application/x-own")), body(b"x"))
        theirs = call_mangum(app, event, text_mime_types=["application/x-own"])
        assert theirs["body"] == call_ours(app, event, text_types=["application/x-own"])["body"] == "x"

    @pytest.mark.parametrize("event", [events.rest(), events.balancer(), events.balancer(several=True)])
    def test_excluded_headers(self, call_mangum: Any, event: dict[str, Any]) -> None:
        """
        A header that is not to leave does not.
        """
        app = sending(start(200, ("content-type", "text/plain"), ("X-Own", "1")), body(b"x"))
        theirs = call_mangum(app, event, exclude_headers=["X-OWN"])
        ours = call_ours(app, event, exclude_headers=["X-OWN"])
        key = "multiValueHeaders" if "multiValueHeaders" in ours else "headers"
        assert theirs[key] == ours[key]

    @pytest.mark.parametrize("event", FRONTS)
    @pytest.mark.parametrize("messages", [(), (start(),), (start(), body(b"x", more=True))])
    def test_failures(
        self, call_mangum: Any, event: dict[str, Any], messages: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        An application that fails before its response or amid it is a 500 in both, and logged.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(*messages)(scope, receive, send)
            raise ValueError("planted")

        assert 500 == call_mangum(app, event)["statusCode"] == call_ours(app, event)["statusCode"]
        assert {"mangum.http", "jaystream.aws"} == {
            record.name for record in caplog.records if record.levelno == logging.ERROR
        }

    def test_messages_out_of_order(self, call_mangum: Any) -> None:
        """
        An application that sends what has no place gets an error where it sends it.
        """
        for messages in ((body(b"x"),), (start(), start())):
            seen: list[str] = []

            async def app(
                scope: Any, receive: Any, send: Any, messages: Any = messages, seen: list[str] = seen
            ) -> None:
                try:
                    await sending(*messages)(scope, receive, send)
                except Exception as error:
                    seen.append(str(error).lower())
                    raise

            assert 500 == call_mangum(app, FRONTS[0])["statusCode"] == call_ours(app, FRONTS[0])["statusCode"]
            assert all(text.startswith("unexpected ") for text in seen)
            assert 2 == len(seen)


class TestLifespans:
    """
    Lifespans, which Mangum runs for every call and we once.
    """

    def test_state(self, call_mangum: Any) -> None:
        """
        What the lifespan leaves is in each request's scope; ours was started once.
        """
        starts: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await receive()
                starts.append("start")
                scope["state"]["value"] = "kept"
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
                return
            text = scope["state"]["value"].encode()
            await sending(start(200, ("content-type", "text/plain")), body(text))(scope, receive, send)

        for _ in range(2):
            assert "kept" == call_mangum(app, FRONTS[0], lifespan="on")["body"]
        assert 2 == len(starts)
        handler = create_lambda_stream_handler(app, lifespan="on")
        for _ in range(2):
            assert "kept" == handler(FRONTS[0], stock())["body"]
        handler.close()
        assert 3 == len(starts)

    @pytest.mark.parametrize("mode", ["auto", "on"])
    def test_failed_start(self, call_mangum: Any, mode: str) -> None:
        """
        A start that fails fails the invocation.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "planted"})

        for call in (call_mangum, call_ours):
            with pytest.raises(Exception, match="planted"):
                call(app, FRONTS[0], lifespan=mode)

    def test_not_supported(self, call_mangum: Any) -> None:
        """
        An application without a lifespan works, unless it has to have one.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                raise ValueError("only http")
            await sending(start(200, ("content-type", "text/plain")), body(b"x"))(scope, receive, send)

        for call in (call_mangum, call_ours):
            assert "x" == call(app, FRONTS[0], lifespan="auto")["body"]
        with pytest.raises(RuntimeError, match="only http"):
            call_ours(app, FRONTS[0], lifespan="on")


class TestDifferences:
    """
    Where we differ, and that Mangum does so still.
    """

    def test_path_is_decoded_once(self, call_mangum: Any) -> None:
        """
        A percent sign in a path of payload 2.0 stays one.
        """
        event = events.http_api("/100%25")
        assert ("/100%", "/100%25") == (scope_by(call_mangum, event)["path"], scope_by(call_ours, event)["path"])

    def test_raw_path(self, call_mangum: Any) -> None:
        """
        There is one.
        """
        event = events.rest("/a b")
        assert None is scope_by(call_mangum, event)["raw_path"]
        assert b"/prod/a%20b" == scope_by(call_ours, event)["raw_path"]

    def test_base_path(self, call_mangum: Any) -> None:
        """
        A base path is a segment, and stands in the root path.
        """
        event = events.function_url("/apix")
        assert "x" == scope_by(call_mangum, event, api_gateway_base_path="/api")["path"]
        assert "/apix" == scope_by(call_ours, event, base_path="/api")["path"]
        event = events.rest("/api/a")
        assert ("/prod/api", "/prod/api/a") == (
            (scope := scope_by(call_ours, event, base_path="/api"))["root_path"],
            scope["path"],
        )

    def test_stage(self, call_mangum: Any) -> None:
        """
        An HTTP API's stage is in the root path.
        """
        event = events.http_api("/a", stage="dev")
        theirs, ours = scope_by(call_mangum, event), scope_by(call_ours, event)
        assert ("", "/dev/a") == (theirs["root_path"], theirs["path"])
        assert ("/dev", "/dev/a") == (ours["root_path"], ours["path"])
        assert ("", "/dev/a") == (
            (left := scope_by(call_ours, event, strip_stage=False))["root_path"],
            left["path"],
        )

    def test_port_and_client(self, call_mangum: Any) -> None:
        """
        The scheme's port, and one address.
        """
        event = events.http_api()
        assert (80, 443) == (scope_by(call_mangum, event)["server"][1], scope_by(call_ours, event)["server"][1])
        event = events.balancer()
        assert ("198.51.100.9, 203.0.113.7", "203.0.113.7") == (
            scope_by(call_mangum, event)["client"][0],
            scope_by(call_ours, event)["client"][0],
        )

    def test_query_of_a_balancer(self, call_mangum: Any) -> None:
        """
        A load balancer's query stays as it was sent.
        """
        event = events.balancer(query=[("a", "x%20y~%2F")])
        assert b"a=x+y~%2F" == scope_by(call_mangum, event)["query_string"]
        assert b"a=x%20y~%2F" == scope_by(call_ours, event)["query_string"]

    def test_content_type(self, call_mangum: Any) -> None:
        """
        No type is made up, and text without a type is text.
        """
        app = sending(start(), body(b"x"))
        assert {"content-type": "application/json"} == call_mangum(app, events.http_api())["headers"]
        assert {} == call_ours(app, events.http_api())["headers"]
        assert (True, False) == tuple(call(app, events.rest())["isBase64Encoded"] for call in (call_mangum, call_ours))

    @pytest.mark.parametrize(
        ("headers", "data", "ours"),
        [
            ([("content-type", "text/plain"), ("content-encoding", "br")], b"looks like text", True),
            ([("content-type", "application/problem+json")], b"{}", False),
            ([("content-type", "application/atom+xml")], b"<a/>", False),
        ],
    )
    def test_base64(self, call_mangum: Any, headers: Any, data: bytes, ours: bool) -> None:
        """
        Compressed is binary; JSON and XML by their suffix are text.
        """
        app = sending(start(200, *headers), body(data))
        assert (not ours, ours) == tuple(
            call(app, events.http_api())["isBase64Encoded"] for call in (call_mangum, call_ours)
        )

    def test_repeated_headers_for_a_balancer(self, call_mangum: Any) -> None:
        """
        Values of one header are one value, where they can be.
        """
        app = sending(start(200, ("content-type", "text/plain"), ("vary", "A"), ("vary", "B")), body(b"x"))
        assert ("A", "B") == tuple(call_mangum(app, events.balancer())["headers"][name] for name in ("vary", "Vary"))
        assert "A,B" == call_ours(app, events.balancer())["headers"]["vary"]

    def test_length_of_a_head_request(self, call_mangum: Any) -> None:
        """
        A length that is not that of what is sent is left out.
        """
        app = sending(start(200, ("content-type", "text/plain"), ("content-length", "5")), body(b""))
        event = events.http_api(method="HEAD")
        assert "5" == call_mangum(app, event)["headers"]["content-length"]
        assert "content-length" not in call_ours(app, event)["headers"]

    def test_error_bodies(self, call_mangum: Any) -> None:
        """
        A failure is told as JSON:API.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise ValueError("planted")

        assert "Internal Server Error" == call_mangum(app, FRONTS[0])["body"]
        assert 500 == json.loads(call_ours(app, FRONTS[0])["body"])["errors"][0]["status"]

    def test_excluded_headers_of_payload_2(self, call_mangum: Any) -> None:
        """
        Headers are left out on every front.
        """
        app = sending(start(200, ("content-type", "text/plain"), ("x-own", "1")), body(b"x"))
        assert "x-own" in call_mangum(app, FRONTS[1], exclude_headers=["x-own"])["headers"]
        assert "x-own" not in call_ours(app, FRONTS[1], exclude_headers=["x-own"])["headers"]

    def test_other_events(self, call_mangum: Any) -> None:
        """
        An event that nobody knows is refused by both; ours takes a handler for it, as Mangum takes classes.
        """
        for call in (call_mangum, call_ours):
            with pytest.raises((RuntimeError, TypeError)):
                call(sending(), {"detail": 1})

        def other(event: Any, context: Any) -> Any:
            return event["detail"]

        assert 1 == call_ours(sending(), {"detail": 1}, other=other)

    def test_everything_is_stated(self) -> None:
        """
        The lists above are what the documentation's table is made after.
        """
        assert (10, 7) == (len(SCOPE_DIFFERENCES), len(ANSWER_DIFFERENCES))
