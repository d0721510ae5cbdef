"""
Cookies as they stand in headers: RFC 6265.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from jaystream.sinks.asgi_options import TOKEN

__all__ = ["read_cookies", "set_cookie_value"]

_PLAIN = re.compile(r"[!#-+\--:<-\[\]-~]*")
_ATTRIBUTE = re.compile(r"[ -:<-~]*")


def read_cookies(header: str) -> dict[str, str]:
    """
    Read the value of a ``cookie`` header; what is no pair is left out.

    >>> read_cookies('a=1; b="two words"; junk')
    {'a': '1', 'b': 'two words'}
    """
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            value = value.strip()
            quoted = len(value) >= 2 and value[0] == value[-1] == '"'
            found[name.strip()] = value[1:-1] if quoted else value
    return found


def set_cookie_value(
    name: str,
    value: str,
    *,
    max_age: int | None,
    expires: datetime | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    http_only: bool,
    same_site: str | None,
) -> str:
    """
    Write the value of a ``set-cookie`` header.

    Raises:
        ValueError: If something is no part of a cookie: a name that is no token, a value with control characters,
            quotes, commas, semicolons, backslashes or what is not ASCII.
    """
    if not TOKEN.fullmatch(name):
        raise ValueError(f"a cookie's name is letters, digits and a few marks, not {name!r}")
    if not _PLAIN.fullmatch(value):
        raise ValueError(
            "a cookie's value may not hold spaces, quotes, commas, semicolons, backslashes, control characters or "
            f"what is not ASCII; encode it, with base64 or percent signs (the cookie is {name!r})"
        )
    parts = [f"{name}={value}"]
    if max_age is not None:
        parts.append(f"Max-Age={int(max_age)}")
    if expires is not None:
        if expires.tzinfo is None:
            raise ValueError(f"expires needs a time zone, or nobody knows when {expires.isoformat()} is")
        parts.append(f"Expires={format_datetime(expires.astimezone(UTC), usegmt=True)}")
    for attribute, given in (("Domain", domain), ("Path", path)):
        if given is not None:
            if not _ATTRIBUTE.fullmatch(given):
                raise ValueError(f"a cookie's {attribute.lower()} may not hold {given!r}")
            parts.append(f"{attribute}={given}")
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    if same_site is not None:
        if same_site not in {"lax", "strict", "none"}:
            raise ValueError(f"same_site must be 'lax', 'strict', 'none' or None, not {same_site!r}")
        if same_site == "none" and not secure:
            raise ValueError("same_site='none' needs secure=True: browsers refuse the cookie otherwise")
        parts.append(f"SameSite={same_site.capitalize()}")
    return "; ".join(parts)
