"""
The demo's reader: an HTTP client in a process of its own, which copies a body to its output as the bytes arrive.

It runs as a plain script and imports nothing of the package: what it reads is what any client reads.
"""

from __future__ import annotations

import json
import sys
from http.client import HTTPConnection, IncompleteRead
from time import perf_counter
from urllib.parse import urlsplit


def read(url: str) -> float | None:
    """
    Copy the body at *url* to standard output.

    Returns:
        Seconds from the request to the first byte of the body, None for an empty one.

    Raises:
        OSError: If the server cannot be reached, or answers with another status than 200.
        http.client.IncompleteRead: If the body is cut.
    """
    target = urlsplit(url)
    connection = HTTPConnection(target.netloc)
    since = perf_counter()
    connection.request("GET", target.path, headers={"accept": "text/event-stream"})
    response = connection.getresponse()
    if response.status != 200:
        raise OSError(f"{url} answered {response.status} {response.reason}")
    first: float | None = None
    while data := response.read1(65_536):
        if first is None:
            first = perf_counter() - since
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    if response.length:  # what a server that stated a length still owes; a cut body without one raises by itself
        raise IncompleteRead(b"", response.length)
    return first


if __name__ == "__main__":
    print(json.dumps({"first_byte": read(sys.argv[1])}), file=sys.stderr)
