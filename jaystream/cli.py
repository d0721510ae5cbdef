"""
The command line: arguments and exit codes only. What the commands do is in the rooms they call.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from jaystream import __version__

FAILURE = 1
USAGE_ERROR = 2


def parser() -> ArgumentParser:
    """
    The parser of all commands.
    """
    root = ArgumentParser(prog="jaystream", description="Streams for Python.")
    root.add_argument("--version", action="version", version=f"jaystream {__version__}")
    commands = root.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="stream a text into a file, over HTTP and to a Lambda, and compare the three",
        description="Stream a text word by word into a file, over HTTP to a client in another process, and to a Lambda "
        "response stream. Exits 0 if all three got the same bytes, 1 if not.",
    )
    demo.add_argument("file", nargs="?", metavar="FILE", help="the text, - for standard input (default: the README)")
    demo.add_argument("--fast", action="store_true", help="without the pauses between the words")
    demo.add_argument(
        "--llm",
        metavar="MODEL",
        help="stream a model's answer to the text: provider:model, with the key in the environment, or test (offline)",
    )

    serve = commands.add_parser(
        "serve",
        help="serve a page to chat with a model, whose answers a browser shows live",
        description="Serve a page to chat with a model, whose answers a browser shows live; a second page, /live, "
        "shows a text. Ctrl-C stops the server.",
    )
    serve.add_argument("file", nargs="?", metavar="FILE", help="the text, - for standard input (default: the README)")
    serve.add_argument(
        "--llm",
        metavar="MODEL",
        default="test",
        help="whom to chat with: provider:model, with the key in the environment, or test, which is offline (default)",
    )
    serve.add_argument("--port", type=port, default=8000, help="the port, 0 for a free one (default: 8000)")
    _add_emulate(commands)
    _add_event(commands)
    return root


def _add_emulate(commands: Any) -> None:
    emulate = commands.add_parser(
        "emulate",
        help="serve a function or an ASGI app as AWS Lambda does, without Docker",
        description="Serve a function or an ASGI app as AWS Lambda does: its real runtime in processes of its own, "
        "behind a Function URL, a REST API and Lambda's own API for boto3 and the AWS CLI. Ctrl-C stops it.",
    )
    emulate.add_argument("handler", metavar="HANDLER", help="module.function, or module:app for an ASGI app")
    emulate.add_argument("--port", type=port, default=9000, help="the port, 0 for a free one (default: 9000)")
    emulate.add_argument("--reload", action="store_true", help="start anew when a file of the folder changes")
    emulate.add_argument("--concurrency", type=int, default=10, metavar="N", help="invocations at once (default: 10)")
    emulate.add_argument("--timeout", type=float, default=30, metavar="S", help="seconds for each (default: 30)")
    emulate.add_argument("--memory", type=int, default=1024, metavar="MB", help="for each environment (default: 1024)")
    emulate.add_argument("--bandwidth", choices=["aws"], help="hold streams to 6 MiB at once, then 2 MiB a second")
    emulate.add_argument(
        "--front",
        choices=["function-url", "function-url-buffered", "rest", "rest-buffered", "http-api", "alb"],
        default="function-url",
        help="what is served at / (default: function-url)",
    )
    emulate.add_argument("--name", default="function", help="the function's name (default: function)")
    emulate.add_argument("--env", action="append", default=[], type=pair("="), metavar="NAME=VALUE", help="a variable")
    emulate.add_argument(
        "--runtime", metavar="COMMAND", help="another runtime, as 'python -m awslambdaric'; it is given the handler"
    )


def _add_event(commands: Any) -> None:
    event = commands.add_parser(
        "event",
        help="print an HTTP request as the event that Lambda gives for it",
        description="Print an HTTP request as the event that Lambda gives for it, as JSON.",
    )
    event.add_argument("front", choices=["function-url", "http-api", "rest", "alb"], help="the front it comes through")
    event.add_argument("--method", default="GET", help="(default: GET)")
    event.add_argument("--path", default="/", help="percent-encoded, with or without a query (default: /)")
    event.add_argument("--query", default="", help="percent-encoded, without the question mark")
    event.add_argument("--header", action="append", default=[], type=pair(":"), metavar="NAME:VALUE", help="a header")
    event.add_argument("--cookie", action="append", default=[], type=pair("="), metavar="NAME=VALUE", help="a cookie")
    event.add_argument("--body", default="", help="the body; @FILE for that of a file")
    event.add_argument("--stage", help="the API's stage (http-api, rest)")
    event.add_argument("--multi-value", action="store_true", help="with multi-value headers (alb)")


def pair(separator: str) -> Callable[[str], tuple[str, str]]:
    """
    Two words with *separator* between them.
    """

    def split(text: str) -> tuple[str, str]:
        first, found, second = text.partition(separator)
        if not found or not first:
            raise ValueError(text)
        return first.strip(), second.strip()

    split.__name__ = f"NAME{separator}VALUE"  # argparse names it where the text is none
    return split


def port(text: str) -> int:
    """
    A port number.

    Raises:
        ValueError: If it is none.
    """
    number = int(text)
    if not 0 <= number <= 65_535:
        raise ValueError(f"{number} is no port")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line and give the exit code.
    """
    try:
        options = parser().parse_args(arguments)
        output: object = sys.stdout
        if isinstance(output, TextIOWrapper):
            output.reconfigure(errors="backslashreplace")  # a text may hold what the terminal cannot show
        return _run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read the output has left; without this, Python complains again when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141


def _run(options: Namespace) -> int:
    if options.command == "emulate":
        return _emulate(options)
    if options.command == "event":
        return _event(options)
    return _demonstrate(options)


def _emulate(options: Namespace) -> int:
    from jaystream.aws.emulator.run import MissingExtraError, emulate  # noqa: PLC0415 - --help needs none of it
    from jaystream.aws.emulator.settings import RUNTIME, Settings, command_of  # noqa: PLC0415 - see above

    try:
        settings = Settings(
            handler=options.handler,
            name=options.name,
            runtime=RUNTIME if options.runtime is None else command_of(options.runtime),
            front=options.front,
            concurrency=options.concurrency,
            timeout=options.timeout,
            memory=options.memory,
            shaped=options.bandwidth == "aws",
            environment=dict(options.env),
        )
        return emulate(settings, port=options.port, reload=options.reload)
    except (MissingExtraError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"jaystream emulate: {error}", file=sys.stderr)
        return USAGE_ERROR


def _event(options: Namespace) -> int:
    from jaystream.aws.events import event_of  # noqa: PLC0415 - --help needs none of it

    try:
        body = Path(options.body[1:]).read_bytes() if options.body.startswith("@") else options.body
        event = event_of(
            options.front,
            options.method,
            options.path,
            query=options.query,
            headers=options.header,
            cookies=options.cookie,
            body=body,
            stage=options.stage,
            multi_value=options.multi_value,
        )
    except (OSError, ValueError) as error:
        print(f"jaystream event: {error}", file=sys.stderr)
        return USAGE_ERROR
    print(json.dumps(event, indent=2))
    return 0


def _demonstrate(options: Namespace) -> int:
    from jaystream.demo import run  # noqa: PLC0415 - --help needs none of it
    from jaystream.demo.server import MissingServerError, NoModelError  # noqa: PLC0415 - see above
    from jaystream.demo.sinks import ClientFailedError  # noqa: PLC0415 - see above
    from jaystream.errors import ConfigurationError, JaypieError  # noqa: PLC0415 - see above

    try:
        if options.command == "demo":
            return run.demo(options.file, fast=options.fast, llm=options.llm)
        return run.serve(options.file, options.port, options.llm)
    except (ConfigurationError, MissingServerError, NoModelError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"jaystream {options.command}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except JaypieError as error:
        print(f"jaystream {options.command}: {error}: {error.__cause__}", file=sys.stderr)
        return FAILURE
    except ClientFailedError as error:
        print(f"jaystream {options.command}: {error}", file=sys.stderr)
        return FAILURE
