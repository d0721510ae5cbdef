"""
Where the demo's text comes from: a file, standard input, or the README. What is done with it is `pipeline.py`'s.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

import jaystream
from jaystream import JaypieStream

PIECE = 4096
"""Bytes that are read at a time; small, so that a word is cut now and then, as on a network."""


class Text(NamedTuple):
    """
    A text that can be streamed as often as one likes.

    Attributes:
        name: What to call it.
        pieces: Its bytes.
    """

    name: str
    pieces: JaypieStream[bytes]


def open_text(argument: str | None) -> Text:
    """
    Find the text: a path, "-" for standard input, None for the README.

    Raises:
        OSError: If the file cannot be read.
    """
    if argument == "-":
        return Text("standard input", in_memory(sys.stdin.buffer.read()))
    if argument is None:
        return readme()
    path = Path(argument)
    if path.exists() and not path.is_file() and not path.is_dir():
        return Text(argument, in_memory(path.read_bytes()))  # a pipe can be read once, and three sinks will read
    with path.open("rb"):
        return Text(argument, JaypieStream.from_file(path, size=PIECE))


def read_text(argument: str) -> str:
    """
    All of a text: what a file holds, or standard input for "-".

    Raises:
        OSError: If the file cannot be read.
    """
    data = sys.stdin.buffer.read() if argument == "-" else Path(argument).read_bytes()
    return data.decode("utf-8", "replace")


def readme() -> Text:
    """
    The README: the file in a checkout, and what the installed package says of itself elsewhere.
    """
    root = Path(jaystream.__file__).parent.parent
    if (root / "README.md").is_file() and (root / "pyproject.toml").is_file():
        return Text("README.md", JaypieStream.from_file(root / "README.md", size=PIECE))
    try:
        description = metadata("jaystream")["Description"]
    except (PackageNotFoundError, KeyError):
        raise FileNotFoundError("no README is here; name a FILE to stream") from None
    return Text("README.md", in_memory(description.encode()))


def in_memory(data: bytes) -> JaypieStream[bytes]:
    """
    A text that has been read already.
    """
    return JaypieStream([data[at : at + PIECE] for at in range(0, len(data), PIECE)])
