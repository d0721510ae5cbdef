"""
A runtime of a few lines, on plain sockets, that does to the Runtime API what the event tells it to. Not a test.

An event, or the body of an event that stands for an HTTP request, has a list of steps under "do":

    ["stream", type]        begin a streamed response          ["result", json]        a buffered response
    ["prelude", json]       the same with a prelude            ["text", type, text]    a buffered one of another type
    ["chunk", text]         a chunk of it                      ["error", type, text]   an error in place of a response
    ["bytes", size, times]  many chunks                        ["event"], ["told"]     respond with what /next gave
    ["echo"], ["proxy"]     the event as the body: a stream with a prelude, a proxy's result
    ["end"]                 its end                            ["print", text], ["sleep", seconds], ["hang"]
    ["fail", type, text]    its end, with an error             ["exit", code], ["signal", number]
    ["cut"]                 hang up in the middle              ["child"]               start a process that hangs
    ["large", size], ["environment"]  a buffered response of so many bytes, with the environment
    ["touch", path]         make a file                        ["wait", path]          wait for a file
    ["use", MiB]            use memory                         ["mode", word]          respond in a mode that is none

It prints "starting" first. The variable RAW_INIT makes it begin otherwise: "error", "exit", "hang", "slow".
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, cast

ADDRESS = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime/"
ERROR = "Lambda-Runtime-Function-Error-"
kept: list[bytearray] = []


class Connection:
    """
    One connection to the Runtime API.
    """

    def __init__(self) -> None:
        host, port = ADDRESS.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> None:
        """
        Send a request's head, and what of its body is there.
        """
        lines = [
            f"{method} {BASE}{path} HTTP/1.1",
            f"Host: {ADDRESS}",
            *(f"{name}: {headers[name]}" for name in headers),
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def chunk(self, data: bytes) -> None:
        """
        Send a chunk in one piece.
        """
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """
        Read an answer.
        """
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self.file.read(int(headers["content-length"]))

    def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """
        Send a request, and read its answer.
        """
        self.send("POST", path, {**headers, "Content-Length": str(len(body))}, body)
        return self.answer()

    def close(self) -> None:
        """
        Hang up.
        """
        self.file.close()
        self.socket.close()


def post(path: str, headers: dict[str, str], body: bytes) -> None:
    """
    Send a request on a connection of its own, and print what is refused.
    """
    connection = Connection()
    status, _, said = connection.post(path, headers, body)
    if status != 202:
        print(status, said.decode())
    connection.close()


def serve(told: dict[str, str], event: dict[str, Any]) -> None:
    """
    Do what an event tells.
    """
    where = f"invocation/{told['lambda-runtime-aws-request-id']}/"
    found: Any = event
    if "requestContext" in event:
        body: str = event.get("body") or "{}"
        found = json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
    stream = Connection()
    mode = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
    json_type = {"Content-Type": "application/json"}
    if not isinstance(found, dict) or "do" not in found:
        found = {"do": [["event"]]}
    steps: list[list[Any]] = cast("dict[str, Any]", found)["do"]
    for step in steps:
        rest = step[1:]
        match step[0]:
            case "stream":
                stream.send("POST", where + "response", {**mode, "Content-Type": rest[0], "Trailer": ERROR + "Type"})
            case "prelude":
                kind = {"Content-Type": "application/vnd.awslambda.http-integration-response"}
                stream.send("POST", where + "response", {**mode, **kind})
                stream.chunk(json.dumps(rest[0]).encode() + bytes(8))
            case "chunk":
                stream.chunk(rest[0].encode())
            case "bytes":
                for _ in range(rest[1]):
                    stream.chunk(b"x" * rest[0])
            case "end":
                stream.socket.sendall(b"0\r\n\r\n")
                print(*stream.answer()[::2])
            case "fail":
                details = base64.b64encode(rest[1].encode()).decode()
                stream.socket.sendall(f"0\r\n{ERROR}Type: {rest[0]}\r\n{ERROR}Body: {details}\r\n\r\n".encode())
                stream.answer()
            case "cut":
                stream.close()
            case "mode":
                post(where + "response", {"Lambda-Runtime-Function-Response-Mode": rest[0]}, b"{}")
            case "result":
                post(where + "response", json_type, json.dumps(rest[0]).encode())
            case "text":
                post(where + "response", {"Content-Type": rest[0]}, rest[1].encode())
            case "event":
                post(where + "response", json_type, json.dumps(event).encode())
            case "echo":
                kind = {"Content-Type": "application/vnd.awslambda.http-integration-response"}
                stream.send("POST", where + "response", {**mode, **kind})
                stream.chunk(b"{}" + bytes(8))
                stream.chunk(json.dumps(event).encode())
                stream.socket.sendall(b"0\r\n\r\n")
                stream.answer()
            case "proxy":
                result = {"statusCode": 200, "body": json.dumps(event)}
                post(where + "response", json_type, json.dumps(result).encode())
            case "told":
                post(where + "response", json_type, json.dumps(told | {"pid": os.getpid()}).encode())
            case "large":
                post(where + "response", json_type, b"x" * rest[0])
            case "environment":
                post(where + "response", json_type, json.dumps(dict(os.environ)).encode())
            case "error":
                post(where + "error", {ERROR + "Type": rest[0]}, rest[1].encode())
            case "print":
                print(rest[0])
            case "sleep":
                time.sleep(rest[0])
            case "hang":
                signal.pause()
            case "exit":
                os._exit(rest[0])
            case "signal":
                os.kill(os.getpid(), rest[0])
            case "child":
                child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
                print("child", child.pid)
            case "touch":
                open(rest[0], "x").close()
            case "wait":
                while not os.path.exists(rest[0]):
                    time.sleep(0.002)
            case "use":
                kept.append(bytearray(b"x" * (rest[0] << 20)))
            case _:
                raise ValueError(step)
    stream.close()


def main() -> None:
    """
    Serve for ever.
    """
    print("starting")
    match os.environ.get("RAW_INIT"):
        case "error":
            failure: dict[str, Any] = {
                "errorMessage": "no such module",
                "errorType": "Runtime.ImportModuleError",
                "stackTrace": [],
            }
            post("init/error", {ERROR + "Type": "Runtime.ImportModuleError"}, json.dumps(failure).encode())
            print("giving up")
            sys.exit(1)
        case "exit":
            sys.exit(7)
        case "hang":
            signal.pause()
        case "slow":
            while not os.path.exists(os.environ["RAW_GO"]):
                time.sleep(0.002)
        case _:
            pass
    connection = Connection()
    while True:
        connection.send("GET", "invocation/next", {})
        status, told, event = connection.answer()
        if status != 200:
            raise OSError(event)
        found: Any = json.loads(event)
        serve(told, cast("dict[str, Any]", found) if isinstance(found, dict) else {"do": [["result", found]]})


if __name__ == "__main__":
    main()
