"""
The Lambda runtime: what a cold start, an invocation and a stream take, against AWS's own runtime and against a script
that does the same over bare sockets.

The Runtime API is a few lines of blocking sockets here, so that the runtimes are measured and not it; for plain
invocations there is the library's emulator, too.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.report import Row, at_most

NAMES = (
    "Lambda: start to the first /next",
    "Lambda: a plain invocation, emulated",
    "Lambda: a plain invocation, bare Runtime API",
    "Lambda: the first byte of a stream",
    "Lambda: a stream of 200 MB",
)

FUNCTIONS = """
import asyncio

def handler(event, context):
    return {"ok": True}

async def stream(event, context):
    stream = context.response_stream
    piece = b"x" * event["size"]
    for _ in range(event["count"]):
        room = stream.write(piece)
        if room is not None:
            await room

stream.streams_response = True
"""

BY_HAND = """
import json, os, socket

host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")

def connect():
    made = socket.create_connection((host, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made

kept = connect()
while True:
    kept.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        data += kept.recv(65536)
    event = json.loads(data.partition(b"\\r\\n\\r\\n")[2])
    sending = connect()
    head = b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\\r\\nHost: a\\r\\n"
    head += b"Transfer-Encoding: chunked\\r\\n\\r\\n"
    piece = b"x" * event["size"]
    for _ in range(event["count"]):
        sending.sendall(b"%b%x\\r\\n%b\\r\\n" % (head, len(piece), piece))
        head = b""
    sending.sendall(b"0\\r\\n\\r\\n")
    sending.recv(65536)
    sending.close()
"""

OURS = (sys.executable, "-m", "jaystream.aws.runtime")
AWS = (sys.executable, "-m", "awslambdaric")
PIECE = 65_536
TOTAL = 200_000_000


class RuntimeApi:
    """
    A Runtime API for one runtime process, as fast as it can be.
    """

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.started = time.perf_counter()
        environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}"}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
            command, cwd=folder, env=prepared(environment, folder), stdout=subprocess.DEVNULL
        )
        self._kept, _ = self._listener.accept()
        self._kept.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receive(self._kept)
        self.asked = time.perf_counter()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._kept.close()
        self._listener.close()

    def invoke(self) -> float:
        """
        One plain invocation; gives the seconds until the next one is asked for.
        """
        since = time.perf_counter()
        self._offer(b"{}")
        self._receive(self._kept)
        self._kept.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        self._receive(self._kept)
        return time.perf_counter() - since

    def stream(self, size: int, count: int) -> tuple[float, float]:
        """
        One streamed invocation; gives the seconds until its first byte of body and until its end.
        """
        since = time.perf_counter()
        self._offer(b'{"size": %d, "count": %d}' % (size, count))
        sending, _ = self._listener.accept()
        with sending:
            buffer = bytearray(1 << 18)
            data = b""
            while b"x" not in data.partition(b"\r\n\r\n")[2]:
                data += sending.recv(PIECE)
            first = time.perf_counter() - since
            total, tail = len(data), data[-5:]
            while tail != b"0\r\n\r\n":
                got = sending.recv_into(buffer)
                assert got, "the stream was cut"
                total += got
                tail = (tail + buffer[max(0, got - 5) : got])[-5:]
            whole = time.perf_counter() - since
            assert total > size * count
            sending.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            self._receive(self._kept)
        return first, whole

    def _offer(self, event: bytes) -> None:
        deadline = int(time.time() * 1000) + 600_000
        self._kept.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
            b"Lambda-Runtime-Deadline-Ms: %d\r\nContent-Length: %d\r\n\r\n%b" % (deadline, len(event), event)
        )

    @staticmethod
    def _receive(connection: socket.socket) -> None:
        """
        One request with a length, or none.
        """
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(PIECE)
        head, _, body = data.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length:")
        left = int(length.partition(b"\r\n")[0] or 0) - len(body)
        while left > 0:
            left -= len(connection.recv(PIECE))


def prepared(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """
    The environment of a runtime that is installed with its bytecode.
    """
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "cache")
    here = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([here, str(folder)])
    return environment


def start_seconds(command: tuple[str, ...], folder: Path) -> float:
    api = RuntimeApi(command, folder)
    api.close()
    return api.asked - api.started


@contextlib.contextmanager
def emulated(command: tuple[str, ...], folder: Path) -> Generator[http.client.HTTPConnection, None, None]:
    """
    The emulator with a runtime of that command; gives a connection to it.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [
            sys.executable,
            "-m",
            "jaystream",
            "emulate",
            "functions.handler",
            "--port",
            str(port),
            "--runtime",
            " ".join(command),
        ],
        cwd=folder,
        env=prepared({**os.environ}, folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        for _ in range(2_000):
            with contextlib.suppress(OSError):
                connection.connect()
                break
            time.sleep(0.01)
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait()


def ask(connection: http.client.HTTPConnection) -> float:
    since = time.perf_counter()
    connection.request("POST", "/2015-03-31/functions/function/invocations", b"{}")
    answer = connection.getresponse().read()
    assert answer == b'{"ok": true}', answer
    return time.perf_counter() - since


def run(*, short: bool) -> list[Row]:
    """
    Measure starts, plain invocations and streams, the candidates in turns.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "functions.py").write_text(FUNCTIONS)
        (folder / "by_hand.py").write_text(BY_HAND)
        if find_spec("awslambdaric") is not None:
            rows += against_aws(folder, short=short)
        rows += against_sockets(folder, short=short)
    return rows


def against_aws(folder: Path, *, short: bool) -> list[Row]:
    commands = [(*each, "functions.handler") for each in (OURS, AWS)]
    for command in commands:
        start_seconds(command, folder)  # writes the bytecode, as an installer does
    starts = [float("inf")] * 2
    for _ in range(9 if short else 25):
        starts = [min(best, start_seconds(each, folder)) for best, each in zip(starts, commands, strict=True)]
    with emulated(OURS, folder) as ours, emulated(AWS, folder) as aws:
        through = [float("inf")] * 2
        for _ in range(300 if short else 3_000):
            through = [min(best, ask(each)) for best, each in zip(through, (ours, aws), strict=True)]
    apis = [RuntimeApi(command, folder) for command in commands]
    bare = [float("inf")] * 2
    for _ in range(300 if short else 3_000):
        bare = [min(best, api.invoke()) for best, api in zip(bare, apis, strict=True)]
    for api in apis:
        api.close()
    name = "awslambdaric"
    return [
        at_most(NAMES[0], starts[0] * 1e3, name, starts[1] * 1e3, 1.3, unit="ms"),
        at_most(NAMES[1], through[0] * 1e6, name, through[1] * 1e6, 1.5),
        at_most(NAMES[2], bare[0] * 1e6, name, bare[1] * 1e6, 1.5),
    ]


def against_sockets(folder: Path, *, short: bool) -> list[Row]:
    commands = [(*OURS, "functions.stream"), (sys.executable, "by_hand.py")]
    apis = [RuntimeApi(command, folder) for command in commands]
    first, whole = [float("inf")] * 2, [float("inf")] * 2
    for _ in range(100 if short else 1_000):
        first = [min(best, api.stream(100, 1)[0]) for best, api in zip(first, apis, strict=True)]
    for _ in range(2 if short else 8):
        whole = [min(best, api.stream(PIECE, TOTAL // PIECE)[1]) for best, api in zip(whole, apis, strict=True)]
    for api in apis:
        api.close()
    return [
        at_most(NAMES[3], first[0] * 1e6, "bare sockets", first[1] * 1e6, 1.5),
        # throughput of at least 0.7 times theirs
        at_most(NAMES[4], whole[0] * 1e3, "bare sockets", whole[1] * 1e3, 1 / 0.7, unit="ms"),
    ]
