"""
The JSON of ordinary functions, by the rules of AWS's own runtime: what stands in an event, and what a result becomes.

They are not those of `json`: named tuples and what has `_asdict` are objects, bytes are text, a `Decimal` is the number
that it shows, and an event may not hold NaN.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, NoReturn, cast

from jaystream.aws.runtime.faults import FaultError

_SCALARS = {str, int, float, bool, type(None)}
_KEYS = {str, int, float, bool, type(None)}
_DEPTH = 100  # deeper values are left to the encoder that looks for circles


def unmarshal(body: bytes, content_type: str | None) -> Any:
    """
    The event that *body* holds; the body itself if it is no JSON by its content type.

    Raises:
        FaultError: If it is no JSON after all.
    """
    if content_type is None or content_type.partition(";")[0].strip().lower() != "application/json":
        return body
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FaultError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def marshal(result: object) -> tuple[bytes, bytes]:
    """
    A function's result as a body, and its content type: JSON, or bytes as they are.

    Raises:
        FaultError: If JSON has no form for it.
    """
    if isinstance(result, bytes):
        return result, b"application/unknown"
    try:
        return to_json(result).encode("utf-8"), b"application/json"
    except (TypeError, ValueError, RecursionError) as error:
        raise FaultError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def to_json(value: object) -> str:
    """
    Write *value* as AWS's runtime does.

    Raises:
        TypeError: If JSON has no form for something in it.
        ValueError: If it holds itself, or bytes that are not UTF-8.
    """
    if _is_plain(value, 0):
        return _ENCODER.encode(value)
    parts: list[str] = []
    _write(value, parts.append, set())
    return "".join(parts)


def keeps_unicode(environment: str | None) -> bool:
    """
    Whether AWS's runtime of this ``AWS_EXECUTION_ENV`` writes text as it is, and not in ASCII: since Python 3.12.
    """
    minor = (environment or "").removeprefix("AWS_Lambda_python3.")
    return minor.isdecimal() and int(minor) >= 12


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"JSON has no {constant}")


_ASCII = not keeps_unicode(os.environ.get("AWS_EXECUTION_ENV"))
_DECODER = json.JSONDecoder(parse_constant=_refuse)
_ENCODER = json.JSONEncoder(ensure_ascii=_ASCII)
_text: Callable[[str], str] = encode_basestring_ascii if _ASCII else encode_basestring


def _is_plain(value: object, depth: int) -> bool:
    """Whether *value* is of those types alone that `json` writes in the same way, and quickly."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    items: Iterable[object]
    if kind is dict:
        mapping = cast("dict[object, object]", value)
        if not _KEYS.issuperset(map(type, mapping)):
            return False
        items = mapping.values()
    elif kind is list or kind is tuple:
        items = cast("list[object]", value)
    else:
        return False
    return depth < _DEPTH and all(
        [_is_plain(item, depth + 1) for item in items if type(item) not in _SCALARS]  # noqa: C419 - quicker as a list
    )


def _write(value: Any, write: Callable[[str], None], above: set[int]) -> None:
    """Write what is not plain. *above* holds the ids of everything that *value* is in."""
    if isinstance(value, str):
        write(_text(value))
    elif isinstance(value, bytes):
        write(_text(value.decode("utf-8")))
    elif value is None or isinstance(value, (bool, int, float)):
        write(_word(value))
    elif isinstance(value, dict):
        _write_object(cast("dict[object, object]", value), write, above)
    elif callable(fields := getattr(value, "_asdict", None)):
        _write_object(cast("dict[object, object]", fields()), write, above)
    elif isinstance(value, (list, tuple)):
        _write_array(cast("list[object]", value), write, above)
    elif _is_decimal(value):
        write("NaN" if value.is_nan() else str(value))
    else:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _write_object(value: dict[object, object], write: Callable[[str], None], above: set[int]) -> None:
    _enter(value, above)
    separator = "{"
    for key, item in value.items():
        write(f"{separator}{_text(_key(key))}: ")
        _write(item, write, above)
        separator = ", "
    write("}" if value else "{}")
    above.discard(id(value))


def _write_array(value: Iterable[object], write: Callable[[str], None], above: set[int]) -> None:
    _enter(value, above)
    separator = "["
    for item in value:
        write(separator)
        _write(item, write, above)
        separator = ", "
    write("[]" if separator == "[" else "]")
    above.discard(id(value))


def _enter(value: object, above: set[int]) -> None:
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above.add(id(value))


def _key(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if key is None or isinstance(key, (bool, int, float)):
        return _word(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _word(value: bool | float | None) -> str:  # noqa: FBT001 - one JSON value among others
    """A number, a bool or None, as JSON writes it; a subclass of a number as the number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if value != value:  # noqa: PLR0124 - that is what NaN is
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _is_decimal(value: object) -> bool:
    decimal = sys.modules.get("decimal")  # nobody has a Decimal who has not loaded it
    return decimal is not None and isinstance(value, decimal.Decimal)
