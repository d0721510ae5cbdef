"""
The demo's Lambda function: it asks a server for a stream, as one asks a model, and streams what it gets.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from jaystream import JaypieStream, lambda_stream_handler


@lambda_stream_handler
async def handler(event: Mapping[str, Any], context: object) -> JaypieStream[bytes]:
    """
    Stream what is at the event's ``url``.
    """
    del context
    return JaypieStream.from_blocking(partial(read, event["url"]))


def read(url: str) -> Generator[bytes, None, None]:
    """
    The body at *url*, as it comes.

    Raises:
        OSError: If the server cannot be reached, or answers with another status than 200.
    """
    target = urlsplit(url)
    connection = HTTPConnection(target.netloc)
    try:
        connection.request("GET", target.path)
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"{url} answered {response.status} {response.reason}")
        while data := response.read1(65_536):
            yield data
    finally:
        connection.close()
