"""
Keeping secrets out of the log: by the name they stand under, by how they look, and by knowing them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["REDACTED", "redact", "redact_text", "remember"]

REDACTED = "[redacted]"

_NAMES = re.compile(
    r"authorization|cookie|passw(?:or)?d|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|signature|x-amz-security",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:max|min|input|output|total|prompt|completion|reasoning|cached?|usage)\w*[-_]?tokens?\w*|tokens|loadedSecret:.*",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"""
      \b(?:Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}              # an authorization header's value
    | \b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{16,}  # keys of model providers and payment services
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                            # AWS
    | \b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}             # GitHub
    | \bxox[abprs]-[A-Za-z0-9-]{10,}                           # Slack
    | \bAIza[A-Za-z0-9_-]{30,}                                 # Google
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}  # a JSON web token
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_ADDRESSES = re.compile(
    r"""
      ( [?&] (?: (?:[\w.-]*[_.-])?(?:api)?key | [\w.-]*(?:token|secret|passw(?:or)?d|signature|credential) ) = )
      [^&\s"'#<>]+                                             # a parameter of a query
    | ( ://[^/\s:@]*: ) [^/\s@]+ (?=@)                         # a password before a host
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SHORTEST = 8
_DEEPEST = 12
_known: tuple[str, ...] = ()


def remember(secret: str) -> None:
    """
    Know a secret from now on: it is taken out wherever it stands. One of less than 8 characters would be found in
    words that are none.
    """
    global _known  # noqa: PLW0603 - replaced whole, since other threads may be reading it
    if len(secret) >= _SHORTEST and secret not in _known:
        _known = tuple(sorted((*_known, secret), key=len, reverse=True))  # one may be a part of another


def redact_text(text: str) -> str:
    """
    Take out what is known as a secret or looks like one.

    >>> redact_text("Authorization: Bearer abcdefghijkl")
    'Authorization: [redacted]'
    """
    for secret in _known:
        if secret in text:
            text = text.replace(secret, REDACTED)
    if "://" in text or "=" in text:
        text = _IN_ADDRESSES.sub(lambda found: (found[1] or found[2]) + REDACTED, text)
    return _LOOKS.sub(REDACTED, text)


def text_of(value: object) -> str:
    """
    The text of anything, for the log: what has none must not cost the record.
    """
    try:
        return redact_text(str(value))
    except Exception as error:  # noqa: BLE001 - any failure is this one's business
        return f"<{type(value).__name__}, whose text is a {type(error).__name__}>"


def redact(value: Any, *, deepest: int = _DEEPEST) -> Any:
    """
    Copy a value without its secrets: what stands under a name such as *password*, and what `redact_text` takes out.

    Args:
        value: What is to be logged; mappings, lists and tuples are walked through.
        deepest: Levels of nesting; what is deeper is its type's name.

    >>> redact({"headers": {"Cookie": "a=1", "accept": "*/*"}, "max_tokens": 5})
    {'headers': {'Cookie': '[redacted]', 'accept': '*/*'}, 'max_tokens': 5}
    """
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if deepest <= 0:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {name: _under(name, each, deepest - 1) for name, each in ((text_of(key), each) for key, each in items)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(each, deepest=deepest - 1) for each in cast("list[object]", value)]
    return text_of(value)


def _under(name: str, value: object, deepest: int) -> Any:
    if _NAMES.search(name) and not _HARMLESS.fullmatch(name) and value is not None and value != "":
        return REDACTED
    return redact(value, deepest=deepest)
