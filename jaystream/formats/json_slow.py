"""
JSON for what the fast encoder refuses: lone surrogates, mappings that are no dict, and errors that say where.

Walks the value in Python, so it is slow; it runs only after the fast path has failed, and writes every number as the
fast path does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from json.encoder import encode_basestring
from types import GeneratorType
from typing import Any, cast

from jaystream.errors import UnencodableError

__all__ = ["encode_slowly"]

# The fast encoder stops near this depth too; without a bound a deep value would end in a RecursionError.
_MAX_DEPTH = 250


def encode_slowly(value: object) -> bytes:
    """
    Write *value* as JSON, one part at a time.

    Raises:
        UnencodableError: If JSON has no form for *value* or for something in it.
    """
    parts: list[str] = []
    _write(value, "", parts, ())
    text = "".join(parts)
    # A pair of surrogates becomes the character it stands for, as in JavaScript; a lone one becomes an escape.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text.encode("utf-8", "backslashreplace")


def _write(value: object, where: str, parts: list[str], outer: tuple[int, ...]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(str.__str__(value)))
        return
    me = id(value)
    if me in outer:
        raise UnencodableError(_name(value), where, "it holds itself")
    if len(outer) > _MAX_DEPTH:
        raise UnencodableError(_name(value), "", f"it is nested deeper than {_MAX_DEPTH} levels")
    inner = (*outer, me)
    if isinstance(value, Mapping):
        _write_object(cast("Any", value), where, parts, inner)
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        opening = "["
        for index, item in enumerate(cast("list[Any]", value)):
            parts.append(opening)
            opening = ","
            _write(item, f"{where}[{index}]", parts, inner)
        parts.append("[]" if opening == "[" else "]")
    elif isinstance(value, GeneratorType):
        # The fast path has read it already: what it gave is lost.
        raise UnencodableError("generator", where, "a generator can be read once only, make it a list")
    else:
        _write_leaf(value, where, parts, inner)


def _write_object(value: Mapping[Any, Any], where: str, parts: list[str], outer: tuple[int, ...]) -> None:
    opening = "{"
    for key, item in value.items():
        there = f"{where}[{key!r}]"
        name = key if isinstance(key, str) else next(iter(_plain({key: None}, there)))
        parts.append(f"{opening}{encode_basestring(str.__str__(name))}:")
        opening = ","
        _write(item, there, parts, outer)
    parts.append("{}" if opening == "{" else "}")


def _write_leaf(value: object, where: str, parts: list[str], outer: tuple[int, ...]) -> None:
    from pydantic_core import to_json  # noqa: PLC0415  # whoever comes here has loaded it

    plain = _plain(value, where)
    if isinstance(plain, (str, dict, list)):
        _write(cast("object", plain), where, parts, outer)
    else:
        parts.append(to_json(plain, inf_nan_mode="null").decode())


def _plain(value: object, where: str) -> Any:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415  # as above

    try:
        return to_jsonable_python(value)
    except ValueError as error:  # a serialization error, or bytes that are not UTF-8
        reason = str(error).partition("\n")[0]
        if reason.startswith("Unable to serialize unknown type"):
            reason = "JSON has no form for this type"
        raise UnencodableError(_name(value), where, reason) from error


def _name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
