"""
The options of both handlers: what is wrong is told where the handler is made.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import (
    ConfigurationError,
    UnavailableError,
)


def wants_three(a: Any, b: Any, c: Any) -> None:
    """
    Takes more than there is.
    """


def wants_key(*, key: Any) -> None:
    """
    Takes what nobody gives.
    """


WRONG: list[tuple[Any, str]] = [
    ({"format": "xml"}, "format=.*must be one of 'sse'.*not 'xml'"),
    ({"format": 3}, "not 3"),
    ({"content_type": 3}, "content_type=.*must be a str, not 3"),
    ({"content_type": "a\nb"}, "CR, LF or NUL"),
    ({"status": 99}, "status=.*not 99"),
    ({"status": True}, "not True"),
    ({"headers": {"a": "b\r\n"}}, "CR, LF or NUL"),
    ({"setup": 3}, "setup=.*a function or a list of functions, not 3"),
    ({"teardown": ["x"]}, "teardown=.*must be a function, sync or async, not 'x'"),
    ({"validate": wants_three}, "validate=.*also wants c"),
    ({"validate": wants_key}, "also wants key"),
    ({"locals": 3}, "locals=.*must be a mapping, not 3"),
    ({"throw": 1}, "throw=.*must be a bool, not 1"),
    ({"chaos": True}, "chaos=.*not True"),
    ({"chaos_header": "x"}, "chaos_header=.*not 'x'"),
    ({"unavailable": "x"}, "unavailable=.*not 'x'"),
    ({"scrub": 3}, "scrub=.*not 3"),
    ({"scrub": {"other": True}}, "scrub=.*'other'"),
    ({"log_event": 0}, "log_event=.*not 0"),
    ({"name": 3}, "name=.*not 3"),
    ({"nmae": "x"}, "no option 'nmae'; its options are"),
]


class TestOptions:
    """
    What is wrong is told where the handler is made.
    """

    @pytest.mark.parametrize("make_handler", [asgi_stream_handler, lambda_stream_handler])
    @pytest.mark.parametrize(
        ("options", "complaint"),
        WRONG,
    )
    def test_wrong(self, make_handler: Any, options: Any, complaint: str) -> None:
        """
        The error says what came.
        """
        with pytest.raises(ConfigurationError, match=complaint):
            make_handler(lambda: None, **options)
        with pytest.raises(ConfigurationError, match=complaint):
            make_handler(options)(lambda: None)

    @pytest.mark.parametrize(
        "options",
        [{"keepalive": 0}, {"on_disconnect": "x"}, {"shutdown": 3}, {"max_body": -1}, {"send_timeout": "x"}],
    )
    def test_wrong_sink_options(self, options: Any) -> None:
        """
        Those of the sink, too.
        """
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            asgi_stream_handler(lambda: None, **options)

    @pytest.mark.parametrize("make_handler", [asgi_stream_handler, lambda_stream_handler])
    @pytest.mark.parametrize("handler", [None, 3, "x", JaypieStream.of(1)])
    def test_no_handler(self, make_handler: Any, handler: Any) -> None:
        """
        What is no function is no handler, however it is given.
        """
        for given in ((handler,), (handler, {"throw": True}), ({"throw": True}, handler)):
            with pytest.raises(ConfigurationError, match="expects a function that answers a request, not"):
                make_handler(*given)
        with pytest.raises(ConfigurationError, match="expects a function"):
            make_handler(throw=True)(handler)
        with pytest.raises(ConfigurationError, match="one function and its options"):
            make_handler(print, print)

    def test_no_error_for_clients(self) -> None:
        """
        It is a ConfigurationError, whose status is 500.
        """
        assert (500, 503) == (ConfigurationError().status, UnavailableError().status)
