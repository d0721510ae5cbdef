r"""
JSON as it stands on the wire: compact, non-ASCII kept, NaN and infinities null; and the strict parser of it.

The fast path only: `pydantic_core` writes the value. What it refuses goes to `json_slow`, which
also words the error. Nothing here knows of events, lines or chunks.

JavaScript's ``JSON.stringify`` gives the same bytes, apart from these (each is the same JSON to a parser, but for
integers beyond 2**53, which JavaScript cannot hold):

- floats without a fraction keep it: ``1.0`` and ``-0.0``, where JavaScript writes ``1`` and ``0``;
- floats from 1e16 to below 1e21 have an exponent (``1e+20``) where JavaScript writes all digits, and those from 1e-6
  to below 1e-5 have one (``1e-6``) where it writes zeros;
- keys stay in their order; JavaScript moves keys that are whole numbers to the front;
- a key that is no str is written by its Python text: None is ``"None"``;
- Decimal is a str, and so is its NaN; bytes inside a chunk are read as UTF-8 text;
- a lone surrogate is the escape ``\udXXX``, as in JavaScript, and a pair of them is one character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, NoReturn

__all__ = ["encode_json", "json_encoder", "json_parser", "json_quoter", "native_json", "raw_json"]

# The encoder once it is made: importing it costs more than importing all of jaystream.
_made: list[Callable[[object], bytes]] = []


class NativeJson(Protocol):
    """
    `pydantic_core.to_json`, as far as it is used here.
    """

    def __call__(self, value: object, /, *, inf_nan_mode: Literal["null"]) -> bytes:
        """
        Write *value* as JSON.
        """
        ...


def json_encoder() -> Callable[[object], bytes]:
    """
    Give the function that does the work of `encode_json`, for callers that keep it.

    The first call imports `pydantic_core`; every later one gives the same function.
    """
    if not _made:
        _made.append(_make())
    return _made[0]


def native_json() -> NativeJson:
    """
    Give the function under `json_encoder`, for the two hottest paths, where one call less is a fifth of the time.

    It raises ValueError for what only `json_encoder` can write, or can refuse with a good message.
    """
    from pydantic_core import to_json  # noqa: PLC0415  # loads with the first encoder, not with the package

    return to_json


def json_quoter() -> Callable[[str], str]:
    """
    Give the function that writes a str as JSON, still as a str: for the pieces of text of which most streams are made,
    for which `json_encoder` takes half as long again.

    The bytes are the same, except that a lone surrogate stays one; UTF-8 refuses it with a ValueError.
    """
    from json.encoder import encode_basestring  # noqa: PLC0415  # as above

    return encode_basestring


def encode_json(value: object) -> bytes:
    """
    Write *value* as compact JSON.

    Args:
        value: Mappings, lists, tuples, sets, str, numbers, bool, None, pydantic models (by alias), dataclasses, dates
            and times (ISO 8601), UUID, Decimal, Enum, and these inside one another.

    Raises:
        UnencodableError: If JSON has no form for *value* or for something in it; the message says where it stands.

    >>> encode_json({"type": "text", "content": "né"}).decode()
    '{"type":"text","content":"né"}'
    """
    return json_encoder()(value)


def _make() -> Callable[[object], bytes]:
    from pydantic_core import PydanticSerializationError, to_json  # noqa: PLC0415  # as above

    def encode(value: object) -> bytes:
        try:
            return to_json(value, inf_nan_mode="null")
        except PydanticSerializationError:
            from jaystream.formats.json_slow import encode_slowly  # noqa: PLC0415  # seldom needed

        return encode_slowly(value)

    return encode


def json_parser() -> Callable[[bytes], object]:
    """
    Give the strict parser of one JSON text in UTF-8: it raises ValueError for everything else, NaN and infinities too.
    """
    # Both load with the first decoder, not with the package.
    from json import JSONDecoder  # noqa: PLC0415

    from pydantic_core import from_json  # noqa: PLC0415

    strict = JSONDecoder(parse_constant=_refuse).decode
    # Older versions of the native parser read this escape wrong: they are not asked.
    if from_json(b'"\\u0080"') != "\x80":
        return lambda line: strict(line.decode())

    def loads(line: bytes) -> object:
        try:
            return from_json(line, allow_inf_nan=False)
        except ValueError:
            # It refuses escaped lone surrogates, which are JSON; for all else this raises with a better message.
            return strict(line.decode())

    return loads


def raw_json(text: str) -> bytes | None:
    r"""
    Give JSON text as it is, in one line, to stand inside other JSON; None where it is not JSON.

    >>> raw_json('{\n"a": 1.0}'), raw_json('{"a": ')
    (b'{ "a": 1.0}', None)
    """
    # A surrogate can stand only in a string, where the escape is the same character.
    raw = text.encode("utf-8", "backslashreplace")
    try:
        json_parser()(raw)
    except (ValueError, RecursionError):
        return None
    return raw.replace(b"\r", b" ").replace(
        b"\n", b" "
    )  # these stand between tokens: in a string JSON has them escaped


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
