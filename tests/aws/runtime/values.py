"""
Results of handlers and what becomes of them. Not a test.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections import OrderedDict, namedtuple
from decimal import Decimal
from typing import Any

Point = namedtuple("Point", "x y")  # noqa: PYI024  # pyright: ignore[reportUntypedNamedTuple] - as functions return them


class Number(enum.IntEnum):
    """
    A number with a name.
    """

    ONE = 1


class Word(enum.StrEnum):
    """
    A word with a name.
    """

    A = "a"


class Loud(float):
    """
    A number that shows itself in another way.
    """

    def __repr__(self) -> str:
        return "LOUD"


class Text(str):
    """
    A text that shows itself in another way.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"


class Row:
    """
    What has fields.
    """

    def _asdict(self) -> dict[str, Any]:
        return {"q": Decimal(1)}


VALUES: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (10**30, "1" + "0" * 30),
    (1e22, "1e+22"),
    (float("nan"), "NaN"),
    ([float("inf"), -float("inf")], "[Infinity, -Infinity]"),
    ("\u2028é\x00\x7f\U0001f600", '"\\u2028\\u00e9\\u0000\\u007f\\ud83d\\ude00"'),
    ({"a": {"b": [1, 2.5, {}, []]}, "c": ()}, '{"a": {"b": [1, 2.5, {}, []]}, "c": []}'),
    ({1: 2, None: 3, 1.5: 4, False: 5}, '{"1": 2, "null": 3, "1.5": 4, "false": 5}'),
    ({float("inf"): 1}, '{"Infinity": 1}'),
    (OrderedDict(a=1), '{"a": 1}'),
    (Point(1, 2), '{"x": 1, "y": 2}'),
    ([Point(1, (2, Point(3, 4)))], '[{"x": 1, "y": [2, {"x": 3, "y": 4}]}]'),
    (Row(), '{"q": 1}'),
    ({"k": b"\xc3\xa9", b"b": 1}, '{"k": "\\u00e9", "b": 1}'),
    (Decimal("1.10"), "1.10"),
    ([Decimal("1E+2"), Decimal("-0"), Decimal("NaN"), Decimal("Infinity")], "[1E+2, -0, NaN, Infinity]"),
    ({"d": Decimal(3), "e": {}, "f": [], "g": None, "h": True}, '{"d": 3, "e": {}, "f": [], "g": null, "h": true}'),
    ([Number.ONE, Word.A, {Number.ONE: 1, Word.A: 2}], '[1, "a", {"1": 1, "a": 2}]'),
    ([Loud(1.5), {Loud(1.5): Loud("nan")}, -float("inf"), b""], '[1.5, {"1.5": NaN}, -Infinity, ""]'),
    ([Text("t"), {Text("t"): Text("t")}, Decimal(0)], '["t", {"t": "t"}, 0]'),
    ([float("inf"), Decimal(1), {None: 1, False: 2}], '[Infinity, 1, {"null": 1, "false": 2}]'),
]

_circle: list[Any] = []
_circle.append(_circle)
_ring: dict[str, Any] = {}
_ring["x"] = _ring

REFUSED: list[tuple[Any, str]] = [
    ({1, 2}, "Object of type set is not JSON serializable"),
    ([object()], "Object of type object is not JSON serializable"),
    (dt.date(2020, 1, 1), "Object of type date is not JSON serializable"),
    (bytearray(b"a"), "Object of type bytearray is not JSON serializable"),
    ({"a": 1 + 1j}, "Object of type complex is not JSON serializable"),
    ([b"\xff"], "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ({Decimal(1): 1}, "keys must be str, int, float, bool or None, not Decimal"),
    ({Point(1, 2): 1}, "keys must be str, int, float, bool or None, not Point"),
    (_circle, "Circular reference detected"),
    (_ring, "Circular reference detected"),
]
