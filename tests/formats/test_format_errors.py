"""
The formats' errors as values: they keep their fields, and travel between processes.
"""

from __future__ import annotations

import pickle

import pytest

from jaystream.errors import FormatError, FrameTooLargeError, InvalidJsonError, InvalidUtf8Error, UnencodableError

ERRORS = [
    UnencodableError("T", "[0]", "reason"),
    InvalidJsonError(3, "{", "reason"),
    InvalidUtf8Error(5, "reason"),
    FrameTooLargeError("SSE line", 10, "bytes", "max_event"),
]


class TestFormatErrors:
    """
    Errors that are built from fields.
    """

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    def test_copies(self, error: FormatError) -> None:
        """
        A pickled one and a copied one say the same, and carry no traceback.
        """
        for other in (pickle.loads(pickle.dumps(error)), error.copy()):  # noqa: S301  # our own bytes
            assert (type(error), str(error), vars(error)) == (type(other), str(other), vars(other))
            assert other.__traceback__ is None
