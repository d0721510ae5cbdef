"""
The makers of events: the shapes of AWS, and that what goes in is what `LambdaRequest` reads out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.aws.events import alb, event_of, function_url, http_api, rest
from jaystream.handlers.lambda_request import LambdaRequest

FRONTS = ["function-url", "http-api", "rest", "alb"]

TOKENS = st.text("abcXYZ019-_", min_size=1, max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)
PATHS = st.lists(TEXT, max_size=4).map(lambda parts: "/" + "/".join(quote(part, safe="") for part in parts))
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",;"), min_size=1, max_size=10)


@pytest.mark.parametrize("front", FRONTS)
class TestRoundTrip:
    """
    What goes in comes out.
    """

    @given(
        method=st.sampled_from(["GET", "POST", "PATCH"]),
        path=PATHS,
        query=st.dictionaries(TEXT.filter(bool), TEXT, max_size=3),
        headers=st.dictionaries(TOKENS.map("x-{}".format).map(str.lower), VALUES, max_size=3),
        cookies=st.dictionaries(TOKENS, VALUES.filter(lambda value: '"' not in value and "=" not in value), max_size=3),
        body=st.binary(max_size=50),
        kind=st.sampled_from(["text/plain", "application/octet-stream", ""]),
    )
    def test_request(
        self,
        *,
        front: str,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        cookies: dict[str, str],
        body: bytes,
        kind: str,
    ) -> None:
        """
        Method, path, query, headers, cookies and body, from every front.
        """
        given = {**headers, **({"content-type": kind} if kind else {})}
        event = event_of(front, method, path, query=query, headers=given, cookies=cookies, body=body)
        request = LambdaRequest(json.loads(json.dumps(event)))
        assert front == request.kind
        assert (method, unquote(path), query) == (request.method, request.path, request.query)
        assert given == {name: value for name, value in request.headers.items() if name in given}
        assert cookies == request.cookies
        assert body == request.body
        assert "203.0.113.1" == request.client

    def test_several_values(self, front: str) -> None:
        """
        Several values of a name stay in order, where the front has more than the last.
        """
        headers = [("a", "1"), ("A", "2")]
        event = event_of(front, "GET", "/?q=1&r=&q=2", headers=headers, multi_value=front == "alb")
        request = LambdaRequest(event)
        assert [("q", "1"), ("q", "2"), ("r", "")] == sorted(request.query_list)
        assert "1,2" == request.headers["a"].replace(" ", "")


class TestShapes:
    """
    What sets the fronts apart.
    """

    def test_function_url(self) -> None:
        """
        The path as it was sent, cookies twice, nothing that is not there.
        """
        event = function_url("GET", "/a%20b%2Fc", cookies={"d": "e"})
        assert ("/a%20b%2Fc", "/a b/c") == (event["rawPath"], event["requestContext"]["http"]["path"])
        assert (["d=e"], "d=e") == (event["cookies"], event["headers"]["cookie"])
        assert {"body", "queryStringParameters"}.isdisjoint(event)
        assert ("$default", "2.0", "anonymous") == (
            event["routeKey"],
            event["version"],
            event["requestContext"]["accountId"],
        )
        assert ".lambda-url." in event["requestContext"]["domainName"]

    def test_http_api(self) -> None:
        """
        The path decoded, behind its stage; cookies once.
        """
        event = http_api("GET", "/a%20b", cookies={"d": "e"}, stage="dev")
        assert ("/dev/a b", "/dev/a b") == (event["rawPath"], event["requestContext"]["http"]["path"])
        assert ["d=e"] == event["cookies"]
        assert "cookie" not in event["headers"]
        assert "/a b" == http_api("GET", "/a%20b")["rawPath"]

    def test_rest(self) -> None:
        """
        Both maps of headers and queries, null for what is not there, the stage in the context's path alone.
        """
        event = rest("GET", "/a%20b", headers=[("X-A", "1"), ("X-A", "2")])
        assert ("/a%20b", "/prod/a%20b") == (event["path"], event["requestContext"]["path"])
        assert ("2", ["1", "2"]) == (event["headers"]["X-A"], event["multiValueHeaders"]["X-A"])
        assert (None, None, None) == (event["body"], event["queryStringParameters"], event["stageVariables"])
        assert ({"proxy": "a b"}, "/{proxy+}") == (event["pathParameters"], event["resource"])
        assert (None, "/") == (rest()["pathParameters"], rest()["resource"])

    def test_alb(self) -> None:
        """
        Nothing decoded; one map or the other.
        """
        event = alb("GET", "/a%20b?c=%20d")
        assert ("/a%20b", {"c": "%20d"}, "") == (event["path"], event["queryStringParameters"], event["body"])
        assert "multiValueHeaders" not in event
        event = alb("GET", "/?c=1&c=2", multi_value=True)
        assert {"c": ["1", "2"]} == event["multiValueQueryStringParameters"]
        assert "headers" not in event

    @pytest.mark.parametrize(
        ("body", "kind", "encoded"),
        [
            ("text", "image/png", False),
            (b"text", "text/plain; charset=utf-8", False),
            (b"{}", "application/problem+json", False),
            (b"\xff", "text/plain", True),
            (b"text", "image/png", True),
            (b"text", "", True),
            (b"", "image/png", False),
        ],
    )
    def test_body(self, body: str | bytes, kind: str, encoded: bool) -> None:
        """
        Bytes that are no text go as base64.
        """
        assert encoded == function_url(body=body, headers={"content-type": kind} if kind else {})["isBase64Encoded"]

    def test_compressed(self) -> None:
        """
        What is compressed is no text.
        """
        headers = {"content-type": "text/plain", "content-encoding": "gzip"}
        assert function_url(body=b"text", headers=headers)["isBase64Encoded"]

    def test_client_and_own_headers(self) -> None:
        """
        What is given wins over what the front adds.
        """
        event = function_url(client="10.0.0.1", headers={"Host": "own", "X-Forwarded-Proto": "http"})
        assert ("10.0.0.1", "10.0.0.1") == (
            event["requestContext"]["http"]["sourceIp"],
            event["headers"]["x-forwarded-for"],
        )
        assert ("own", "http") == (event["headers"]["host"], event["headers"]["x-forwarded-proto"])

    def test_query_forms(self) -> None:
        """
        A query as text, as pairs, or behind the path.
        """
        for event in (
            function_url(query="a=1&b=%20"),
            function_url(query=[("a", "1"), ("b", " ")]),
            function_url(path="/?a=1&b=%20"),
        ):
            assert [("a", "1"), ("b", " ")] == parse_qsl(event["rawQueryString"])
            assert {"a": "1", "b": " "} == event["queryStringParameters"]

    def test_path_that_is_not_encoded(self) -> None:
        """
        A path with spaces and letters that no URL has is encoded.
        """
        assert "/a%20%C3%B6" == function_url(path="/a ö")["rawPath"]


class TestFaults:
    """
    What cannot be.
    """

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"method": "G T"}, "expects a method such as 'GET', not 'G T'"),
            ({"path": "a"}, "expects a path that begins with '/', not 'a'"),
            ({"path": "/?a=1", "query": "b=2"}, "got a query twice"),
            ({"headers": {"a": "b\r\nc: d"}}, "expects headers without CR, LF and NUL"),
            ({"headers": {"a b": "c"}}, "expects headers without CR, LF and NUL"),
        ],
    )
    def test_value(self, arguments: dict[str, Any], message: str) -> None:
        """
        It is said at the call.
        """
        with pytest.raises(ValueError, match=message):
            function_url(**arguments)

    def test_body_of_another_type(self) -> None:
        """
        A body is text or bytes.
        """
        body: Any = {"a": 1}
        with pytest.raises(TypeError, match="expects the body as str or bytes, not dict; dump JSON first"):
            alb(body=body)

    @pytest.mark.parametrize(
        ("front", "more", "message"),
        [
            ("edge", {}, "front must be one of function-url, http-api, rest, alb, not 'edge'"),
            ("alb", {"stage": "a"}, "alb has no stage"),
            ("rest", {"multi_value": True}, "rest has no multi_value"),
        ],
    )
    def test_front(self, front: str, more: dict[str, Any], message: str) -> None:
        """
        Fronts and what they have.
        """
        with pytest.raises(ValueError, match=message):
            event_of(front, "GET", "/", **more)


class TestCommand:
    """
    `jaystream event`.
    """

    @staticmethod
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        """
        Run it.
        """
        command = [sys.executable, "-W", "error", "-m", "jaystream", "event", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    def test_all_of_it(self, tmp_path: Path) -> None:
        """
        Each option is in the event.
        """
        (tmp_path / "body").write_bytes(b"\xff\x00")
        done = self.run(
            *("rest", "--method", "put", "--path", "/a%20b", "--query", "q=1", "--header", "X-A: b", "--cookie", "c=d"),
            *("--body", f"@{tmp_path / 'body'}", "--stage", "dev"),
        )
        assert (0, "") == (done.returncode, done.stderr)
        request = LambdaRequest(json.loads(done.stdout))
        assert ("rest", "PUT", "/a b", "dev") == (request.kind, request.method, request.path, request.stage)
        assert ({"q": "1"}, "b", {"c": "d"}) == (request.query, request.headers["x-a"], request.cookies)
        assert b"\xff\x00" == request.body

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["alb", "--stage", "a"], "jaystream event: alb has no stage\n"),
            (["rest", "--body", "@/no/such/file"], "jaystream event: [Errno 2] No such file or directory"),
            (["rest", "--header", "x"], "argument --header: invalid NAME:VALUE value: 'x'"),
            (["edge"], "invalid choice: 'edge'"),
        ],
    )
    def test_faults(self, arguments: list[str], said: str) -> None:
        """
        What cannot be is said, with an exit code of 2.
        """
        done = self.run(*arguments)
        assert (2, "") == (done.returncode, done.stdout)
        assert said in done.stderr
