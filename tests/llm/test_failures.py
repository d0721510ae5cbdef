"""
What a provider's failure is to our clients.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google.genai.errors import ClientError as GoogleError
from pydantic_ai.exceptions import (
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelRequestTimeout,
    UserError,
)

from jaystream.errors import JaypieError, NotFoundError
from jaystream.llm.failures import error_chunk, misconfigured, provider_failure, status_failure

botocore: Any = import_module("botocore.exceptions")  # has no types
REQUEST = httpx2.Request("POST", "http://provider.test/")


def answered(status: int) -> Any:
    """
    A provider's answer.
    """
    return httpx2.Response(status, request=REQUEST)


class TestFailures:
    """
    With the errors that the SDKs really raise.
    """

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [(400, 502), (401, 502), (403, 502), (404, 502), (408, 504), (413, 400), (429, 503), (500, 502), (502, 502),
         (503, 503), (504, 504), (529, 503)],
    )  # fmt: skip
    def test_status(self, theirs: int, ours: int) -> None:
        """
        Each status of a provider has one of ours, the same through pydantic-ai and the SDKs.
        """
        errors: list[Exception] = [
            ModelHTTPError(theirs, "m"),
            anthropic.APIStatusError("x", response=answered(theirs), body=None),
            openai.APIStatusError("x", response=answered(theirs), body=None),
            GoogleError(theirs, {"error": {"message": "x"}}),
            botocore.ClientError(
                {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": theirs}}, "ConverseStream"
            ),
        ]
        assert ours == status_failure(theirs).status
        for error in errors:
            failure = provider_failure(error)
            assert failure is not None
            assert (ours, error) == (failure.status, failure.__cause__)
            assert "x" != failure.detail

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (ModelConnectionError("m", "refused"), 502),
            (ModelRequestTimeout("m", 3), 504),
            (ModelContextWindowExceededError("m", "too long"), 400),
            (anthropic.APIConnectionError(request=REQUEST), 502),
            (openai.APITimeoutError(request=REQUEST), 504),
            (httpx2.ConnectError("refused"), 502),
            (httpx2.ReadTimeout("slow"), 504),
            (botocore.EventStreamError({"Error": {"Code": "X"}}, "ConverseStream"), 502),
            (botocore.NoCredentialsError(), 500),
            (UserError("use it so"), 500),
        ],
    )
    def test_without_status(self, error: Exception, status: int) -> None:
        """
        What never got an answer, and what the program did wrong.
        """
        failure = provider_failure(error)
        assert failure is not None
        assert status == failure.status

    def test_within_stream(self) -> None:
        """
        An error within a stream comes with the stream's status, 200; its kind says more.
        """
        for kind, status in [("overloaded_error", 503), ("rate_limit_error", 503), ("made_up", 502)]:
            error: Any = anthropic.APIStatusError("x", response=answered(200), body={"error": {"type": kind}})
            error.type = kind  # what the SDK sets from the body, whatever it says
            failure = provider_failure(error)
            assert failure is not None
            assert status == failure.status

    def test_ours(self) -> None:
        """
        An error of ours stays the same object, and a mistake in a program is no provider's.
        """
        error = NotFoundError("no such chat")
        assert provider_failure(error) is error
        assert provider_failure(ValueError("x")) is None
        assert provider_failure(TimeoutError()) is None

    def test_misconfigured(self) -> None:
        """
        What to do is for the log alone.
        """
        error = misconfigured("set KEY")
        assert "set KEY" == str(error)
        assert "KEY" not in str(error.body())

    def test_chunk(self) -> None:
        """
        The chunk says what the body says.
        """
        error: JaypieError = status_failure(429)
        assert {"type": "error", "error": error.body()["errors"][0]} == error_chunk(error)
