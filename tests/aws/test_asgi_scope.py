"""
From event to scope: where the application is mounted, its paths, and the rest of what an application reads.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.aws.asgi_scope import http_scope
from jaystream.handlers.lambda_request import LambdaRequest
from tests.aws import events

OWN_HOST = "api.example.com"
SEGMENT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=8)
PATHS = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))


def scope_of(event: dict[str, Any], *, strip_stage: bool = True, base_path: str = "", state: Any = None) -> Any:
    """
    The scope of an event.
    """
    return http_scope(LambdaRequest(event), "context", state, strip_stage=strip_stage, base_path=base_path)


def mounted(event: dict[str, Any], **options: Any) -> tuple[str, str]:
    """
    Where the application is mounted, and the whole path.
    """
    scope = scope_of(event, **options)
    assert unquote(scope["raw_path"].decode()) == scope["path"]
    assert scope["path"].startswith(scope["root_path"])
    return scope["root_path"], scope["path"]


class TestScope:
    """
    What is in it.
    """

    def test_function_url(self) -> None:
        """
        All of it, for a Function URL.
        """
        event = events.function_url(
            "/a b%2Fc", method="POST", query="q=1&q=%20", headers=[("X-A", "1")], cookies=["a=1", "b=2"], body=b"x"
        )
        assert {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "https",
            "path": "/a b%2Fc",
            "raw_path": b"/a%20b%252Fc",
            "root_path": "",
            "query_string": b"q=1&q=%20",
            "headers": [
                (b"host", events.URL_HOST.encode()),
                (b"x-forwarded-proto", b"https"),
                (b"x-forwarded-port", b"443"),
                (b"x-a", b"1"),
                (b"cookie", b"a=1; b=2"),
            ],
            "client": ("203.0.113.7", 0),
            "server": (events.URL_HOST, 443),
            "extensions": {},
            "aws.event": event,
            "aws.context": "context",
        } == scope_of(event)

    def test_balancer(self) -> None:
        """
        A load balancer's scheme, port and client.
        """
        scope = scope_of(events.balancer("/x"))
        assert ("http", (events.BALANCER_HOST, 80), ("203.0.113.7", 0), "/x") == (
            scope["scheme"],
            scope["server"],
            scope["client"],
            scope["path"],
        )

    def test_state(self) -> None:
        """
        Each request has a copy of the lifespan's state.
        """
        state = {"pool": object()}
        scope = scope_of(events.rest(), state=state)
        assert state == scope["state"]
        scope["state"]["own"] = 1
        assert "own" not in state
        assert "state" not in scope_of(events.rest())

    @pytest.mark.parametrize(
        ("host", "forwarded", "server"),
        [
            ("example.com", "", ("example.com", 443)),
            ("example.com", "8443", ("example.com", 8443)),
            ("example.com:444", "8443", ("example.com", 444)),
            ("[::1]:80", "", ("[::1]", 80)),
            ("[::1]", "", ("[::1]", 443)),
            ("example.com", "no", ("example.com", 443)),
            ("", "", None),
        ],
    )
    def test_server(self, host: str, forwarded: str, server: Any) -> None:
        """
        The port is the host's, else the front's, else the scheme's.
        """
        event = events.balancer()
        event["headers"] |= {"host": host, "x-forwarded-port": forwarded, "x-forwarded-proto": "https"}
        assert server == scope_of(event)["server"]

    @pytest.mark.parametrize(
        ("protocol", "version"), [("HTTP/1.1", "1.1"), ("HTTP/2.0", "2"), ("HTTP/1.0", "1.0"), (None, "1.1")]
    )
    def test_http_version(self, protocol: str | None, version: str) -> None:
        """
        The protocol's version, as ASGI writes it.
        """
        event = events.function_url()
        event["requestContext"]["http"]["protocol"] = protocol
        assert version == scope_of(event)["http_version"]

    def test_no_client(self) -> None:
        """
        Where nothing tells of the client, there is none.
        """
        event = events.rest()
        del event["requestContext"]["identity"]
        assert None is scope_of(event)["client"]

    def test_headers_beyond_ascii(self) -> None:
        """
        Header values are bytes again.
        """
        event = events.rest(headers=[("X-A", "é\ud800")])
        assert (b"x-a", "é?".encode()) == scope_of(event)["headers"][-1]


class TestMount:
    """
    Stages and base paths.
    """

    @pytest.mark.parametrize(
        ("event", "root", "path"),
        [
            (events.function_url("/prod/a"), "", "/prod/a"),
            (events.balancer("/prod/a"), "", "/prod/a"),
            (events.http_api("/a"), "", "/a"),
            (events.http_api("/a", stage="dev"), "/dev", "/dev/a"),
            (events.http_api("/", stage="dev"), "/dev", "/dev/"),
            (events.http_api("/dev/a", stage="dev"), "/dev", "/dev/dev/a"),
            (events.http_api("/a", stage="dev", host=OWN_HOST), "", "/a"),
            (events.rest("/a"), "/prod", "/prod/a"),
            (events.rest("/"), "/prod", "/prod/"),
            (events.rest("/prod/a"), "/prod", "/prod/prod/a"),
            (events.rest("/production"), "/prod", "/prod/production"),
            (events.rest("/a", host=OWN_HOST, mapping="/prod"), "/prod", "/prod/a"),
            (events.rest("/a", host=OWN_HOST, mapping="/v1"), "", "/v1/a"),
            (events.http_api_v1("/a", stage="dev"), "/dev", "/dev/a"),
            (events.http_api_v1("/a"), "", "/a"),
        ],
    )
    def test_stage(self, event: dict[str, Any], root: str, path: str) -> None:
        """
        The root path has the stage where the client's address has it, and the path has the root path before it.
        """
        assert (root, path) == mounted(event)

    @pytest.mark.parametrize(
        ("event", "path"),
        [
            (events.http_api("/a", stage="dev"), "/dev/a"),
            (events.rest("/a"), "/a"),
            (events.rest("/a", host=OWN_HOST, mapping="/prod"), "/prod/a"),
        ],
    )
    def test_stage_left(self, event: dict[str, Any], path: str) -> None:
        """
        Where nobody asks for the stage, the path is the event's.
        """
        assert ("", path) == mounted(event, strip_stage=False)

    @pytest.mark.parametrize("base", ["/api", "api", "/api/", "api/"])
    @pytest.mark.parametrize(
        ("event", "root", "path"),
        [
            (events.function_url("/api/a"), "/api", "/api/a"),
            (events.function_url("/api"), "/api", "/api/"),
            (events.function_url("/api/"), "/api", "/api/"),
            (events.function_url("/apix"), "", "/apix"),
            (events.function_url("/x/api"), "", "/x/api"),
            (events.rest("/api/a"), "/prod/api", "/prod/api/a"),
            (events.rest("/a", host=OWN_HOST, mapping="/api"), "/api", "/api/a"),
            (events.rest("/a", host=OWN_HOST, mapping="/api/prod"), "/api/prod", "/api/prod/a"),
            (events.http_api("/api/a", stage="dev"), "/dev/api", "/dev/api/a"),
            (events.http_api("/api/a", stage="dev", host=OWN_HOST), "/api", "/api/a"),
        ],
    )
    def test_base_path(self, base: str, event: dict[str, Any], root: str, path: str) -> None:
        """
        A base path goes by whole segments, after a stage or before it.
        """
        assert (root, path) == mounted(event, base_path=base)

    def test_base_path_that_is_encoded(self) -> None:
        """
        A base path is given decoded.
        """
        assert ("/a b", "/a b/c") == mounted(events.function_url("/a b/c"), base_path="a b")

    @given(path=PATHS, base=st.sampled_from(["", "api", "é%"]), stage=st.booleans())
    def test_any_path(self, path: str, base: str, stage: bool) -> None:
        """
        Whatever the path, what is left after the root path is what the client asked of the application.
        """
        prefix = f"/{base}" if base else ""
        cases: list[tuple[dict[str, Any], str, str]] = [
            (events.function_url(prefix + path), prefix, prefix),
            (events.rest(prefix + path), "/prod" * stage + prefix, "/prod" * stage + prefix),
            (events.balancer(prefix + path), prefix, prefix),
            (events.http_api(prefix + path), prefix, prefix),
            # with the stage left in its path, a base path is not at the beginning
            (events.http_api(prefix + path, stage="dev"), f"/dev{prefix}" * stage, f"/dev{prefix}"),
        ]
        for event, root, before in cases:
            assert (root, before + path) == mounted(event, base_path=base, strip_stage=stage)
