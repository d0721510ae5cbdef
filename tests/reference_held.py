"""
What the stages mean that look at more than one item, or at how the stream ends: one small async generator per stage.

The rest, and the rules for both, are in `tests/reference.py`.
"""

from __future__ import annotations

from typing import Any

from jaystream.errors import LimitExceededError
from tests.reference import Call, Items, call


async def ref_pairwise(source: Items) -> Items:
    seen: list[Any] = []
    try:
        async for x in source:
            seen = [*seen[-1:], x]
            if len(seen) == 2:
                yield tuple(seen)
    finally:
        await source.aclose()


async def ref_window(source: Items, size: int, step: int) -> Items:
    """
    Every *step*-th of the slices of *size* items; those that would be shorter are left out.
    """
    items: list[Any] = []
    try:
        async for x in source:
            items.append(x)
            start = len(items) - size
            if start >= 0 and start % step == 0:
                yield tuple(items[start:])
    finally:
        await source.aclose()


async def ref_group_adjacent(source: Items, key: Call, max_size: int | None) -> Items:
    """
    What is held goes out before an error from above, not after one from below.
    """
    held: list[Any] = []
    last: Any = None
    failure: Exception | None = None
    try:
        try:
            async for x in source:
                k = await call(key, x)
                if held and (k != last or len(held) == max_size):
                    group, held = (last, tuple(held)), []
                    yield group
                held.append(x)
                last = k
        except Exception as error:
            failure = error
        if held:
            yield last, tuple(held)
        if failure is not None:
            raise failure
    finally:
        await source.aclose()


async def ref_take_last(source: Items, size: int) -> Items:
    try:
        items = [x async for x in source]
        for x in items[max(0, len(items) - size) :]:
            yield x
    finally:
        await source.aclose()


async def ref_skip_last(source: Items, size: int) -> Items:
    items: list[Any] = []
    try:
        async for x in source:
            items.append(x)
            if len(items) > size:
                yield items[len(items) - size - 1]
    finally:
        await source.aclose()


async def ref_distinct(source: Items, key: Call | None, max_keys: int) -> Items:
    keys: list[Any] = []
    try:
        async for x in source:
            k = x if key is None else await call(key, x)
            if k not in keys:
                if len(keys) == max_keys:
                    raise LimitExceededError("set", max_keys, "distinct keys", "max_keys")
                keys.append(k)
                yield x
    finally:
        await source.aclose()


async def ref_distinct_until_changed(source: Items, key: Call | None) -> Items:
    last: list[Any] = []
    try:
        async for x in source:
            k = x if key is None else await call(key, x)
            if last != [k]:
                last = [k]
                yield x
    finally:
        await source.aclose()


async def ref_limit(source: Items, items: int) -> Items:
    try:
        given = 0
        async for x in source:
            if given == items:
                raise LimitExceededError("stream", items, "items", "items")
            given += 1
            yield x
    finally:
        await source.aclose()


async def ref_intersperse(source: Items, separator: Any) -> Items:
    try:
        first = True
        async for x in source:
            if not first:
                yield separator
            first = False
            yield x
    finally:
        await source.aclose()


async def ref_timestamp(source: Items, clock: Call) -> Items:
    try:
        async for x in source:
            yield await call(clock), x
    finally:
        await source.aclose()


async def ref_materialize(source: Items) -> Items:
    """
    The notes as pairs of a word and what it is about.
    """
    last = ("End", "")
    try:
        async for x in source:
            yield "Item", x
    except Exception as error:
        last = ("Failure", str(error))
    finally:
        await source.aclose()
    yield last


async def ref_split(source: Items, separator: str) -> Items:
    """
    A separator ends a piece; an incomplete last piece comes at the end, not before an error.
    """
    held = ""
    try:
        async for x in source:
            *whole, held = (held + x).split(separator)
            for piece in whole:
                yield piece
        if held:
            yield held
    finally:
        await source.aclose()


def begun(text: str, sequence: str) -> int:
    """
    How many characters at the end of *text* may be the beginning of *sequence*.
    """
    return next((n for n in range(len(sequence) - 1, 0, -1) if n <= len(text) and sequence.startswith(text[-n:])), 0)


async def ref_stop_at(source: Items, sequence: str) -> Items:
    """
    What is held goes out before an error from above.
    """
    held = ""
    failure: Exception | None = None
    try:
        try:
            async for x in source:
                text = held + x
                found = text.find(sequence)
                certain = len(text) - begun(text, sequence) if found < 0 else found
                held = "" if found >= 0 else text[certain:]
                if certain:
                    yield text[:certain]
                if found >= 0:
                    return
        except Exception as error:
            failure = error
        if held:
            yield held
        if failure is not None:
            raise failure
    finally:
        await source.aclose()


async def ref_scan_tags(source: Items, start: str, stop: str) -> Items:
    """
    Text inside is dropped; what is held goes out before an error from above, if it is outside.
    """
    held, sought, other = "", start, stop
    failure: Exception | None = None
    try:
        try:
            async for x in source:
                *parts, held = (held + x).split(sought, 1)
                while True:
                    whole = bool(parts)
                    text = parts[0] if whole else held
                    certain = text if whole else text[: len(text) - begun(text, sought)]
                    held = held if whole else text[len(certain) :]
                    if certain and sought == start:
                        yield certain
                    if not whole:
                        break
                    sought, other = other, sought
                    *parts, held = held.split(sought, 1)
        except Exception as error:
            failure = error
        if held and sought == start:
            yield held
        if failure is not None:
            raise failure
    finally:
        await source.aclose()
