"""
`SseEvent`: its fields, what may stand in them, how it compares and looks.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream.errors import FormatError
from jaystream.formats import SseEvent


class TestSseEvent:
    """
    One server-sent event as a value.
    """

    def test_fields(self) -> None:
        """
        It keeps what it was given; an id that is a number becomes its digits.
        """
        event = SseEvent({"a": 1}, event="x", id=7, retry=0, comment="c")
        assert ({"a": 1}, "x", "7", 0, "c") == (event.data, event.event, event.id, event.retry, event.comment)

    def test_defaults(self) -> None:
        """
        Nothing is set but the name, and an empty name is the default one, as for a browser.
        """
        event = SseEvent()
        assert (None, "message", None, None, None) == (event.data, event.event, event.id, event.retry, event.comment)
        assert event == SseEvent(event="")

    def test_matches(self) -> None:
        """
        It can be taken apart by ``match``, data first.
        """
        match SseEvent("d", event="e", id="i"):
            case SseEvent(data, "e", id=found):
                assert ("d", "i") == (data, found)
            case other:
                pytest.fail(f"no match for {other!r}")

    def test_equality(self) -> None:
        """
        Equal fields make equal events; other types are never equal; it has no hash.
        """
        assert SseEvent("a", id="1") == SseEvent("a", id=1)
        assert SseEvent("a") != SseEvent("a", comment="x")
        assert SseEvent("a") != "a"
        with pytest.raises(TypeError, match="unhashable"):
            hash(SseEvent("a"))

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (SseEvent(), "SseEvent()"),
            (SseEvent("a"), "SseEvent('a')"),
            (SseEvent({"n": 1}, event="x", id="", retry=5), "SseEvent({'n': 1}, event='x', id='', retry=5)"),
            (SseEvent(comment="c"), "SseEvent(comment='c')"),
        ],
    )
    def test_repr(self, event: SseEvent, expected: str) -> None:
        """
        It shows the fields that say something, and nothing else.
        """
        assert expected == repr(event)

    def test_has_no_other_attributes(self) -> None:
        """
        A misspelt field is an error.
        """
        event: Any = SseEvent("a")
        with pytest.raises(AttributeError):
            event.name = "x"


class TestChecks:
    """
    What would forge a field, or be ignored, raises where it is written.
    """

    @pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\r\nb", "\n", "x\ndata: forged"])
    def test_line_ends(self, bad: str) -> None:
        """
        CR and LF are refused in the name and in the id, with the value shown.
        """
        with pytest.raises(FormatError, match="event must not hold CR or LF") as caught:
            SseEvent("d", event=bad)
        assert repr(bad) in str(caught.value)
        with pytest.raises(FormatError, match="id must not hold CR or LF") as caught:
            SseEvent("d", id=bad)
        assert repr(bad) in str(caught.value)

    def test_nul_in_id(self) -> None:
        """
        A browser ignores an id with NUL, so it is refused; in a name it is legal.
        """
        with pytest.raises(FormatError, match=r"id must not hold NUL.*'a\\x00'"):
            SseEvent("d", id="a\0")
        assert "a\0" == SseEvent("d", event="a\0").event

    @pytest.mark.parametrize("field", ["event", "id"])
    def test_lone_surrogate(self, field: str) -> None:
        """
        A name or id that UTF-8 cannot carry is refused; other characters are fine.
        """
        fields: dict[str, Any] = {field: "é\ud800"}
        with pytest.raises(FormatError, match=f"{field} must not hold a lone surrogate"):
            SseEvent("d", **fields)
        fields = {field: "é\u2028"}
        assert "é\u2028" == getattr(SseEvent("d", **fields), field)

    def test_negative_retry(self) -> None:
        """
        A time to wait is never negative.
        """
        with pytest.raises(FormatError, match="retry must be at least 0 milliseconds, got -1"):
            SseEvent("d", retry=-1)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"event": 1}, "event must be a str, got 1"),
            ({"event": None}, "event must be a str, got None"),
            ({"id": True}, "id must be a str or an int, got True"),
            ({"id": 1.5}, "id must be a str or an int, got 1.5"),
            ({"retry": True}, "retry must be an int of milliseconds, got True"),
            ({"retry": 1.5}, "retry must be an int of milliseconds, got 1.5"),
            ({"retry": "5"}, "retry must be an int of milliseconds, got '5'"),
            ({"comment": b"c"}, "comment must be a str or None, got b'c'"),
            ({"data": b"d"}, "bytes are framed already, got b'd'"),
        ],
    )
    def test_wrong_type(self, fields: dict[str, Any], message: str) -> None:
        """
        A field of the wrong type is a TypeError that shows it.
        """
        with pytest.raises(TypeError, match=message):
            SseEvent(**fields)
