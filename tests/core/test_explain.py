"""
What `explain()` calls the sources and the stages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jaystream import JaypieStream


def double(n: int) -> tuple[int, int]:
    return n, 2 * n


def first_page(cursor: int | None) -> tuple[list[int], int | None]:
    return [cursor or 0], None


SOURCES: list[tuple[JaypieStream[Any], str]] = [
    (JaypieStream([1, 2]), "[1, 2]"),
    (JaypieStream.of("a", "b"), "('a', 'b')"),
    (JaypieStream.never(), "never()"),
    (JaypieStream.fail(KeyError("gone")), "fail(KeyError('gone'))"),
    (JaypieStream.tick(0.5), "tick(0.5)"),
    (JaypieStream.unfold(double, 1), f"unfold({double!r}, 1)"),
    (JaypieStream.paginate(first_page, 3), f"paginate({first_page!r}, 3)"),
    (JaypieStream.from_file("a.txt"), f"from_file({str(Path('a.txt'))!r})"),
]

STAGES: list[tuple[JaypieStream[Any], str]] = [
    (JaypieStream([1]).take(2), "take(2)"),
    (JaypieStream([1]).skip(3), "skip(3)"),
    (JaypieStream([1])[::4], "[::4]"),
    (JaypieStream([1]).chunk(5), "chunk(5)"),
    (JaypieStream([1]).map(abs), "map(abs)"),
    (JaypieStream([1]).map(str).filter(str.isdigit).map(len), "filter(str.isdigit)"),
    (JaypieStream([1]).finalize(print), "finalize"),
    (JaypieStream([1]).window(2, step=3), "window(2, step=3)"),
    (JaypieStream([1]).take_last(2), "take_last(2)"),
    (JaypieStream([1]).skip_last(2), "skip_last(2)"),
    (JaypieStream(["a"]).limit(items=5, bytes=9), "limit(items=5, bytes=9)"),
    (JaypieStream([1]).distinct(), "distinct"),
    (JaypieStream([1]).distinct(abs), "distinct(abs)"),
    (JaypieStream([1]).zip([2], [3], strict="longest"), "zip(2 more, strict='longest')"),
    (JaypieStream([1]).also_to(JaypieStream[int].drain), f"also_to({JaypieStream[int].drain.__qualname__})"),
]


class TestExplain:
    """
    The lines above the loop.
    """

    @pytest.mark.parametrize(("stream", "name"), SOURCES, ids=[name.partition("(")[0] for _, name in SOURCES])
    def test_source(self, stream: JaypieStream[Any], name: str) -> None:
        """
        A source is named as it was written, a long one cut.
        """
        line = stream.explain().splitlines()[0]
        assert line.startswith("# source: ")
        shown = line.removeprefix("# source: ")
        assert shown == name or (shown.endswith("...") and name.startswith(shown[:-3]))

    @pytest.mark.parametrize(("stream", "name"), STAGES, ids=[name for _, name in STAGES])
    def test_stage(self, stream: JaypieStream[Any], name: str) -> None:
        """
        So is a stage, with its number.
        """
        listed = [line for line in stream.explain().splitlines() if line.startswith("# ")]
        assert name in {line.partition(": ")[2] for line in listed[1:]}
