"""
`buffered_answer` and `prelude`: keys by front, cookies once, text or base64, and the limits of a prelude.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.handlers.lambda_answer import PRELUDE_LIMIT, buffered_answer, prelude
from jaystream.handlers.lambda_request import LambdaRequest
from tests.aws import events

URL = LambdaRequest(events.function_url())
API = LambdaRequest(events.http_api())
REST = LambdaRequest(events.rest())
BALANCER = LambdaRequest(events.balancer())
BALANCER_SEVERAL = LambdaRequest(events.balancer(several=True))

HEADERS = [("Content-Type", "text/plain"), ("Vary", "A"), ("vary", "B"), ("Set-Cookie", "a=1; Path=/")]


def head_of(data: bytes) -> Any:
    """
    The JSON of a prelude.
    """
    assert data.endswith(bytes(8))
    return json.loads(data[:-8])


class TestBufferedAnswer:
    """
    The proxy result.
    """

    @pytest.mark.parametrize("request_", [URL, API])
    def test_v2(self, request_: LambdaRequest) -> None:
        """
        One value per name, cookies apart.
        """
        expected = {
            "statusCode": 201,
            "headers": {"content-type": "text/plain", "vary": "A,B"},
            "cookies": ["b=2", "a=1; Path=/"],
            "body": "é",
            "isBase64Encoded": False,
        }
        assert expected == buffered_answer(request_, 201, HEADERS, ["b=2"], "é".encode())

    def test_v1(self) -> None:
        """
        Names with several values stand in the map for those.
        """
        expected = {
            "statusCode": 200,
            "headers": {"content-type": "text/plain"},
            "multiValueHeaders": {"vary": ["A", "B"], "set-cookie": ["b=2", "a=1; Path=/"]},
            "body": "",
            "isBase64Encoded": False,
        }
        assert expected == buffered_answer(REST, 200, HEADERS, ["b=2"], b"")

    def test_balancer(self) -> None:
        """
        A load balancer is answered as it asked; without multi-value headers cookies differ by case.
        """
        several = buffered_answer(BALANCER_SEVERAL, 200, HEADERS, ["b=2"], b"")
        assert {
            "content-type": ["text/plain"],
            "vary": ["A", "B"],
            "set-cookie": ["b=2", "a=1; Path=/"],
        } == several["multiValueHeaders"]
        assert "headers" not in several
        single = buffered_answer(BALANCER, 200, HEADERS, ["b=2", "c=3"], b"")
        assert {
            "content-type": "text/plain",
            "vary": "A,B",
            "set-cookie": "b=2",
            "set-cookiE": "c=3",
            "set-cookIe": "a=1; Path=/",
        } == single["headers"]

    def test_balancer_with_too_many_cookies(self) -> None:
        """
        A name has so many spellings and no more.
        """
        cookies = [f"c{number}=1" for number in range(512)]
        assert 512 == len(buffered_answer(BALANCER, 200, [], cookies, b"")["headers"])
        with pytest.raises(ValueError, match="takes 512 cookies without multi-value headers, not 513"):
            buffered_answer(BALANCER, 200, [], [*cookies, "d=1"], b"")

    @pytest.mark.parametrize(
        "media",
        ["text/html; charset=utf-8", "application/json", "application/problem+JSON", "image/svg+xml", "text/x", ""],
    )
    @pytest.mark.parametrize("encoding", ["", "identity"])
    def test_text(self, media: str, encoding: str) -> None:
        """
        What is text by its type goes as text.
        """
        headers = [("content-type", media), ("content-encoding", encoding)]
        answer = buffered_answer(URL, 200, [pair for pair in headers if pair[1]], [], b"{}")
        assert ("{}", False) == (answer["body"], answer["isBase64Encoded"])

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ([("content-type", "image/png")], b"abc"),
            ([("content-type", "text/plain"), ("content-encoding", "gzip")], b"abc"),
            ([("content-type", "application/json"), ("Content-Encoding", "br")], b"abc"),
            ([("content-type", "text/plain; charset=latin-1")], b"\xe9"),
            ([], b"\xff"),
        ],
    )
    def test_base64(self, headers: list[tuple[str, str]], body: bytes) -> None:
        """
        Everything else goes as base64, and so does what is compressed or is not UTF-8.
        """
        answer = buffered_answer(URL, 200, headers, [], body)
        assert (base64.b64encode(body).decode(), True) == (answer["body"], answer["isBase64Encoded"])

    def test_more_text_types(self) -> None:
        """
        A type that is named counts as text.
        """
        headers = [("content-type", "application/x-own; v=1")]
        assert "a" == buffered_answer(URL, 200, headers, [], b"a", text_types={"application/x-own"})["body"]

    @given(body=st.binary(max_size=60), media=st.sampled_from(["text/plain", "application/json", "image/png", "a/b"]))
    def test_body_comes_through(self, body: bytes, media: str) -> None:
        """
        Whatever it is sent as, the front gets the same bytes.
        """
        answer = buffered_answer(REST, 200, [("content-type", media)], [], body)
        assert body == (base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode())

    def test_lengths(self) -> None:
        """
        A length that is not the body's would be an error at the front, so it goes; one that is stays.
        """
        headers = [("content-length", "3"), ("transfer-encoding", "chunked")]
        assert {"content-length": "3"} == buffered_answer(URL, 200, headers, [], b"abc")["headers"]
        assert {} == buffered_answer(URL, 200, headers, [], b"")["headers"]

    @pytest.mark.parametrize("status", [100, 199, 600, "200"])
    def test_bad_status(self, status: Any) -> None:
        """
        A status that ends nothing is refused.
        """
        with pytest.raises(ValueError, match="expects a final HTTP status from 200 to 599"):
            buffered_answer(URL, status, [], [], b"")
        with pytest.raises(ValueError, match="expects a final HTTP status from 200 to 599"):
            prelude(URL, status, [])

    def test_bad_arguments(self) -> None:
        """
        An event that is no request, a body of text, and headers that would inject others.
        """
        with pytest.raises(ValueError, match="expects an HTTP request"):
            buffered_answer(LambdaRequest({}), 200, [], [], b"")
        with pytest.raises(TypeError, match="expects the body as bytes, not str"):
            buffered_answer(URL, 200, [], [], "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        with pytest.raises(ValueError, match="may not hold CR, LF or NUL"):
            buffered_answer(URL, 200, [("a", "b\r\nc: d")], [], b"")


class TestPrelude:
    """
    What a streamed answer begins with.
    """

    def test_function_url(self) -> None:
        """
        Status, headers and cookies.
        """
        expected = {
            "statusCode": 200,
            "headers": {"content-type": "text/plain", "vary": "A,B"},
            "cookies": ["b=2", "a=1; Path=/"],
        }
        assert expected == head_of(prelude(URL, 200, HEADERS, ["b=2"]))

    def test_rest(self) -> None:
        """
        A REST API has no cookies, but a map for several values.
        """
        expected = {
            "statusCode": 200,
            "headers": {"content-type": "text/plain", "set-cookie": "a=1; Path=/"},
            "multiValueHeaders": {"vary": ["A", "B"]},
        }
        assert expected == head_of(prelude(REST, 200, HEADERS))

    def test_lengths(self) -> None:
        """
        A streamed body has no length; that of no body is told.
        """
        for value, left in (("12", {}), ("0", {"content-length": "0"})):
            headers = [("Content-Length", value), ("Transfer-Encoding", "chunked")]
            assert left == head_of(prelude(URL, 200, headers))["headers"]

    def test_limit(self) -> None:
        """
        A front looks for the prelude's end in the first 16 KiB: exactly so much is taken, one byte more is not.
        """
        room = PRELUDE_LIMIT - len(prelude(URL, 200, [("a", "")]))
        assert PRELUDE_LIMIT == len(prelude(URL, 200, [("a", "x" * room)]))
        with pytest.raises(ValueError, match="take 16385 bytes, and a front reads no more than 16384"):
            prelude(URL, 200, [("a", "x" * (room + 1))])

    @pytest.mark.parametrize("request_", [API, BALANCER, LambdaRequest(events.http_api_v1()), LambdaRequest({})])
    def test_no_stream(self, request_: LambdaRequest) -> None:
        """
        Fronts that cannot stream have no prelude.
        """
        with pytest.raises(ValueError, match="takes none, so answer it with buffered_answer"):
            prelude(request_, 200, [])

    def test_no_nul_and_no_broken_text(self) -> None:
        """
        Text that is not ASCII stays readable, and a lone surrogate breaks nothing.
        """
        data = prelude(URL, 200, [("x", "é\ud800")])
        assert {"x": "é?"} == head_of(data)["headers"]
