"""
JSON by the rules of AWS's own runtime. `tests/contracts/test_awslambdaric.py` holds the same values against that.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.aws.runtime import marshal
from jaystream.aws.runtime.faults import FaultError
from tests.aws.runtime.values import REFUSED, VALUES

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


class TestMarshal:
    """
    Results.
    """

    @pytest.mark.parametrize(("value", "expected"), VALUES, ids=range(len(VALUES)))
    def test_values(self, value: Any, expected: str) -> None:
        """
        Each value as AWS's runtime writes it.
        """
        assert expected == marshal.to_json(value)

    @given(plain)
    def test_both_encoders(self, value: Any) -> None:
        """
        The encoder for everything writes plain values as the quick one does.
        """
        parts: list[str] = []
        marshal._write(value, parts.append, set())
        assert json.dumps(value) == "".join(parts)

    def test_bytes(self) -> None:
        """
        Bytes go as they are.
        """
        assert (b"\xff", b"application/unknown") == marshal.marshal(b"\xff")

    @pytest.mark.parametrize(("value", "message"), REFUSED, ids=range(len(REFUSED)))
    def test_refused(self, value: Any, message: str) -> None:
        """
        What JSON has no form for is a fault with Lambda's name.
        """
        with pytest.raises(FaultError) as caught:
            marshal.marshal(value)
        assert ("Runtime.MarshalError", f"Unable to marshal response: {message}") == (
            caught.value.kind,
            str(caught.value),
        )

    def test_lone_surrogate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Text that is no text is a fault too, where it would go as it is.
        """
        monkeypatch.setattr(marshal, "_ENCODER", json.JSONEncoder(ensure_ascii=False))
        with pytest.raises(FaultError, match="surrogates not allowed"):
            marshal.marshal("\ud800")

    def test_deep(self) -> None:
        """
        A value that holds itself deep down, or is too deep, is a fault.
        """
        circle: list[Any] = []
        value: list[Any] = circle
        for _ in range(150):
            value = [value]
        circle.append(value)
        with pytest.raises(FaultError, match="Circular reference"):
            marshal.marshal(circle)
        for _ in range(100_000):
            value = [value]
        circle.clear()
        with pytest.raises(FaultError, match="recursion"):
            marshal.marshal(value)
        while value:  # taken apart by hand, since dropping it would go as deep
            value = value.pop()

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [(None, False), ("AWS_Lambda_python3.11", False), ("AWS_Lambda_python3.13", True), ("AWS_Lambda_Image", False)],
    )
    def test_unicode(self, environment: str | None, expected: bool) -> None:
        """
        From Python 3.12 on AWS's managed runtimes write text as it is.
        """
        assert expected is marshal.keeps_unicode(environment)


class TestUnmarshal:
    """
    Events.
    """

    @pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
    def test_json(self, content_type: str) -> None:
        """
        JSON is read, with or without a mark of its encoding.
        """
        assert {"a": "é"} == marshal.unmarshal(b'\xef\xbb\xbf{"a": "\xc3\xa9"}', content_type)

    @pytest.mark.parametrize("content_type", [None, "application/octet-stream"])
    def test_bytes(self, content_type: str | None) -> None:
        """
        Anything else is given as it is.
        """
        assert b"{}" == marshal.unmarshal(b"{}", content_type)

    @pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b'"\xed\xa0\x80"', b"[" * 100_000])
    def test_refused(self, body: bytes) -> None:
        """
        What is no JSON is a fault with Lambda's name.
        """
        with pytest.raises(FaultError, match="Unable to unmarshal input: ") as caught:
            marshal.unmarshal(body, "application/json")
        assert "Runtime.UnmarshalError" == caught.value.kind
