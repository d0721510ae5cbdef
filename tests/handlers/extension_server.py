"""
A stand-in for AWS's Parameters and Secrets extension: a real HTTP server, with answers that a test scripts.

Nothing here is a test.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

TOKEN = "session-token-of-the-function"  # noqa: S105 - an invented one


class ExtensionServer:
    """
    Serves secrets and parameters until the block is left.

    Args:
        secrets: Values by id.
        parameters: Values by name.

    Attributes:
        asked: The paths that were asked for, in order.
        faults: What the next requests get in the place of an answer: a status, or bytes that are no answer at all.
        port: Where it listens.
    """

    def __init__(self, secrets: dict[str, str] | None = None, parameters: dict[str, str] | None = None) -> None:
        self.secrets: dict[str, str] = secrets or {}
        self.parameters: dict[str, str] = parameters or {}
        self.asked: list[str] = []
        self.faults: list[int | bytes] = []
        self._together = threading.Barrier(1)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer._together.wait(5)
                fault = outer.faults.pop(0) if outer.faults else None
                if isinstance(fault, bytes):
                    self.wfile.write(fault)
                    return
                status, body = (fault, b"no") if fault else outer.answer(self.path, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Tell nobody."""

        self._server = ThreadingHTTPServer(("localhost", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def expect_together(self, count: int) -> None:
        """
        Answer nobody before *count* requests are there.
        """
        self._together = threading.Barrier(count)

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """
        What the extension says.
        """
        split = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if headers.get("X-Aws-Parameters-Secrets-Token") != TOKEN:
            return 401, b"not authorized"
        found: dict[str, Any] | None = None
        if split.path == "/secretsmanager/get" and query["secretId"] in self.secrets:
            found = {"Name": query["secretId"], "SecretString": self.secrets[query["secretId"]]}
        if split.path == "/systemsmanager/parameters/get" and query["name"] in self.parameters:
            found = {"Parameter": {"Name": query["name"], "Value": self.parameters[query["name"]]}}
        return (
            (400, b"an error occurred (ResourceNotFoundException)")
            if found is None
            else (
                200,
                json.dumps(found).encode(),
            )
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
