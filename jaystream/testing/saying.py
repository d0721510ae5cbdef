"""
How a check says what it found: errors that any test runner shows, also under ``python -O``.
"""

from __future__ import annotations

__all__ = ["expect", "expect_same"]


def expect(holds: object, message: str) -> None:
    """
    Fail with *message* unless *holds* is true.

    Raises:
        AssertionError: Then.
    """
    if not holds:
        raise AssertionError(message)


def expect_same(expected: object, actual: object, what: str) -> None:
    """
    Fail unless both are equal.

    Raises:
        AssertionError: With both values and *what* they are.
    """
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")
