"""
Arguments and models of the operators that look for something in text. What they are given are cuts of a whole text.

The models read the text anew from its beginning for every piece, one character after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from hypothesis import strategies as st

from jaystream.errors import InvalidJsonError
from jaystream.testing.strategies.data import text_cuts
from jaystream.testing.strategies.steps import Step, register

__all__ = ["json_so_far"]

Marked: TypeAlias = "list[tuple[int, bool, str]]"
"""Characters, each with the number of its stretch of text, and whether that stands between tags."""

TAGS: Sequence[Mapping[str, str]] = (
    {"<a>": "</a>"},
    {"<": ">"},
    {"aab": "aab"},
    {"<a>": "</a>", "<b>": "<a>", "a<b": "b"},
    {"abab": "b", "ba": "aa"},
)
STOPS: Sequence[str | Sequence[str]] = ("<a>", "aab", ["ab"], ["abab", "ba"], ["a<b", "<", "baa"], ["aaab", "ab"])

_bodies = st.text("<>/ab", max_size=14)
_texts = _bodies | st.lists(st.sampled_from(["<a>", "</a>", "<b>", "ab", "aa", "b"]), max_size=6).map("".join)


def _first(text: str, at: int, sought: Sequence[str], *, final: bool) -> tuple[int, str | None]:
    """Where the first of *sought* begins, and which it is; None where it may only begin there."""
    for begin in range(at, len(text)):
        found = next((one for one in sought if text.startswith(one, begin)), None)
        if found is not None:
            return begin, found
        if not final and any(one.startswith(text[begin:]) for one in sought):
            return begin, None
    return len(text), None


def _marked(text: str, tags: Mapping[str, str], *, final: bool) -> Marked:
    marked: Marked = []
    at, stretch, stop = 0, 0, ""
    while True:
        begin, found = _first(text, at, [stop] if stop else [*tags], final=final)
        marked += [(stretch, bool(stop), character) for character in text[at:begin]]
        if found is None:
            return marked
        at, stretch, stop = begin + len(found), stretch + 1, "" if stop else tags[found]


def _steps_of(pieces: Sequence[str], read: Callable[..., Marked], *, ended: bool) -> list[tuple[bool, str]]:
    """What each piece adds to what is certain, in stretches."""
    given: list[tuple[bool, str]] = []
    before = 0
    for count in range(1, len(pieces) + 1 + ended):
        certain = read("".join(pieces[:count]), final=count > len(pieces))
        for (_, inside), characters in groupby(certain[before:], lambda marked: marked[:2]):
            given.append((inside, "".join(character for _, _, character in characters)))
        before = len(certain)
    return given


def _scan_tags(tags: Mapping[str, str], calls: bool) -> Step:  # noqa: FBT001 - drawn
    def read(text: str, *, final: bool) -> Marked:
        return _marked(text, tags, final=final)

    def made(pieces: Sequence[str], *, ended: bool) -> list[str]:
        given = _steps_of(pieces, read, ended=ended)
        return [text.upper() if inside else text for inside, text in given if calls or not inside]

    def model(pieces: Sequence[str]) -> list[str]:
        return made(pieces, ended=True)

    def so_far(pieces: Sequence[str]) -> list[str]:
        return made(pieces, ended=False)

    if calls:
        return Step.calling(
            f"scan_tags({tags!r}, inside=f)",
            lambda call: lambda s: s.scan_tags(tags, inside=call),
            str.upper,
            model,
            so_far=so_far,
        )
    return Step(f"scan_tags({tags!r}, inside=None)", lambda s: s.scan_tags(tags, inside=None), model, so_far=so_far)


def _stop_at(sequences: str | Sequence[str]) -> Step:
    sought = [sequences] if isinstance(sequences, str) else sequences

    def read(text: str, *, final: bool) -> Marked:
        begin, _ = _first(text, 0, sought, final=final)
        return [(0, False, character) for character in text[:begin]]

    def until(pieces: Sequence[str]) -> Sequence[str]:
        """The pieces up to the one with which a sequence is there."""
        for count in range(len(pieces) + 1):
            if _first("".join(pieces[:count]), 0, sought, final=False)[1] is not None:
                return pieces[:count]
        return pieces

    return Step(
        f"stop_at({sequences!r})",
        lambda s: s.stop_at(sequences),
        lambda xs: [text for _, text in _steps_of(until(xs), read, ended=True)],
        so_far=lambda xs: [text for _, text in _steps_of(until(xs), read, ended=False)],
    )


register(
    "scan_tags", st.builds(_scan_tags, st.sampled_from(TAGS), st.booleans()), _texts.flatmap(text_cuts), cut="joined"
)
register("stop_at", st.sampled_from(STOPS).map(_stop_at), _texts.flatmap(text_cuts), cut="joined")


# JSON -----------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)("|\Z|\\.*\Z)|([][{},:])|([\w.+-]+))', re.DOTALL)
_ESCAPED_HALF = re.compile(r"\\ud[89ab]..\Z")


def json_so_far(text: str, *, final: bool = False) -> Any:
    """
    The value of a JSON text that may be cut off, as `json_deltas` gives it; `...` where there is none yet.
    """
    made, closers, keys = "", "", [""]
    whole = final and _whole(text)
    for token in _TOKEN.finditer(text):
        string, end, mark, word = token.groups(default="")
        if string and closers and closers[0] == "}" and not keys[0]:
            keys[0] = f'{string}":'
            continue
        if mark and mark in "[{":
            made, closers = made + _comma(made) + keys[0] + mark, ("]" if mark == "[" else "}") + closers
            keys[:1] = ["", ""]
        elif mark and mark in "]}":
            made, closers = made + mark, closers[1:]
            keys.pop(0)
            keys[0] = ""
        elif string or word:
            if word and token.end() == len(text) and not (whole or word in {"true", "false", "null"}):
                break
            begun = string if end == '"' else _ESCAPED_HALF.sub("", string)
            made += _comma(made) + keys[0] + (f'{begun}"' if string else word)
            keys[0] = ""
    return json.loads(made + closers) if made else ...


def _comma(made: str) -> str:
    return "," if made and made[-1] not in "[{" else ""


def _whole(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return not text.strip()
    return True


def _json_deltas(keeps: bool) -> Step:  # noqa: FBT001 - drawn
    def given(pieces: Sequence[str], *, ended: bool) -> list[Any]:
        text = "".join(pieces)
        values = [json_so_far("".join(pieces[:count])) for count in range(1, len(pieces) + 1)]
        if ended and (keeps or _whole(text)):
            values.append(json_so_far(text, final=True))
        values = [value for value in values if value is not ...]
        return [value for at, value in enumerate(values) if not at or value != values[at - 1]]

    return Step(
        f"json_deltas(incomplete={'keep' if keeps else 'raise'!r})",
        lambda s: s.json_deltas(incomplete="keep" if keeps else "raise"),
        lambda xs: given(xs, ended=True),
        before_error=lambda xs: given(xs, ended=False),
        error=None if keeps else InvalidJsonError,
        fails=lambda xs: not keeps and not _whole("".join(xs)),
    )


_scalars = st.none() | st.booleans() | st.integers(-99, 99) | st.text('a"\\\u00e9\U0001f600', max_size=4)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
)


def _json_text(value: Any, ascii_only: bool, left: int) -> str:  # noqa: FBT001 - drawn
    text = json.dumps(value, ensure_ascii=ascii_only)
    return text[: len(text) - left]


_bodies_of_json = st.builds(_json_text, _values, st.booleans(), st.just(0) | st.integers(0, 5))
register("json_deltas", st.booleans().map(_json_deltas), _bodies_of_json.flatmap(text_cuts))
