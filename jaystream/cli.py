"""
The command line: arguments and exit codes only. What the commands do is in the rooms they call.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from io import TextIOWrapper

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

    serve = commands.add_parser(
        "serve",
        help="serve a page on which a browser shows the stream live",
        description="Serve a page on which a browser shows the stream live. Ctrl-C stops the server.",
    )
    serve.add_argument("file", nargs="?", metavar="FILE", help="the text, - for standard input (default: the README)")
    serve.add_argument("--port", type=port, default=8000, help="the port, 0 for a free one (default: 8000)")
    return root


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
    from jaystream.demo import run  # noqa: PLC0415 - --help needs none of it
    from jaystream.demo.server import MissingServerError  # noqa: PLC0415 - see above
    from jaystream.demo.sinks import ClientFailedError  # noqa: PLC0415 - see above

    try:
        if options.command == "demo":
            return run.demo(options.file, fast=options.fast)
        return run.serve(options.file, options.port)
    except (MissingServerError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"jaystream {options.command}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except ClientFailedError as error:
        print(f"jaystream {options.command}: {error}", file=sys.stderr)
        return FAILURE
