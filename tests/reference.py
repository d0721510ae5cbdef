"""
What every fused stage means, said as plainly as Python can say it: one small async generator per stage.

Nothing here knows the kernel, and nothing here is fast. Each generator closes what is above it on every way out. The
fused loop is held against these by `tests/core/test_fused_against_reference.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeAlias

Items: TypeAlias = AsyncGenerator[Any, None]
Call: TypeAlias = Callable[..., Any]


async def call(f: Call, *args: Any) -> Any:
    """
    Call *f*, sync or async.
    """
    result = f(*args)
    return await result if inspect.isawaitable(result) else result


async def ref_source(origin: Any) -> Items:
    """
    The items of any source, in the order of contract 1.
    """
    kind: Any = origin.__class__
    if hasattr(kind, "__aenter__"):
        async with origin as entered:
            if entered is origin:
                async for x in origin:
                    yield x
                return
            inner = ref_source(entered)
            try:
                async for x in inner:
                    yield x
            finally:
                await inner.aclose()
    elif hasattr(kind, "__aiter__"):
        iterator = origin.__aiter__()
        try:
            async for x in iterator:
                yield x
        finally:
            if hasattr(iterator, "aclose"):
                await iterator.aclose()
    elif hasattr(kind, "__iter__"):
        items = iter(origin)
        try:
            for x in items:
                yield x
        finally:
            if hasattr(items, "close"):
                items.close()
    else:
        inner = ref_source(await origin if isinstance(origin, Awaitable) else origin())
        try:
            async for x in inner:
                yield x
        finally:
            await inner.aclose()


async def ref_map(source: Items, f: Call) -> Items:
    try:
        async for x in source:
            yield await call(f, x)
    finally:
        await source.aclose()


async def ref_starmap(source: Items, f: Call) -> Items:
    try:
        async for x in source:
            yield await call(f, *x)
    finally:
        await source.aclose()


async def ref_filter(source: Items, f: Call) -> Items:
    try:
        async for x in source:
            if await call(f, x):
                yield x
    finally:
        await source.aclose()


async def ref_filter_map(source: Items, f: Call) -> Items:
    try:
        async for x in source:
            y = await call(f, x)
            if y is not None:
                yield y
    finally:
        await source.aclose()


async def ref_of_type(source: Items, cls: Any) -> Items:
    try:
        async for x in source:
            if isinstance(x, cls):
                yield x
    finally:
        await source.aclose()


async def ref_flat_map(source: Items, f: Call) -> Items:
    try:
        async for x in source:
            inner = ref_source(await call(f, x))
            try:
                async for y in inner:
                    yield y
            finally:
                await inner.aclose()
    finally:
        await source.aclose()


async def ref_scan(source: Items, f: Call, initial: Any) -> Items:
    total = initial
    try:
        yield total
        async for x in source:
            total = await call(f, total, x)
            yield total
    finally:
        await source.aclose()


async def ref_map_accum(source: Items, f: Call, state: Any, on_end: Call | None) -> Items:
    try:
        async for x in source:
            state, y = await call(f, state, x)
            yield y
        if on_end is not None:
            last = await call(on_end, state)
            inner = ref_source(() if last is None else last)
            try:
                async for y in inner:
                    yield y
            finally:
                await inner.aclose()
    finally:
        await source.aclose()


async def ref_enumerate(source: Items, start: int) -> Items:
    try:
        async for x in source:
            yield start, x
            start += 1
    finally:
        await source.aclose()


async def ref_tap(source: Items, f: Call | None, on_error: Call | None, on_end: Call | None) -> Items:
    try:
        async for x in source:
            if f is not None:
                await call(f, x)
            yield x
    except Exception as error:
        await source.aclose()
        if on_error is not None:
            await call(on_error, error)
        raise
    else:
        if on_end is not None:
            await call(on_end)
    finally:
        await source.aclose()


async def ref_finalize(source: Items, f: Call) -> Items:
    """
    Only that *f* is called once, and when; the kinds of outcome have tests of their own.
    """
    try:
        async for x in source:
            yield x
    finally:
        await source.aclose()
        await call(f)


async def ref_chunk(source: Items, size: int) -> Items:
    """
    What is held goes out before an error from above, not before a cancellation. An error behind the last item that is
    wanted below is not raised: the generator is closed where it gives that item.
    """
    held: list[Any] = []
    failure: Exception | None = None
    try:
        try:
            async for x in source:
                held.append(x)
                if len(held) == size:
                    yield tuple(held)
                    held = []
        except Exception as error:
            failure = error
        if held:
            yield tuple(held)
        if failure is not None:
            raise failure
    finally:
        await source.aclose()


async def ref_take(source: Items, size: int) -> Items:
    try:
        if size:
            async for x in source:
                yield x
                size -= 1
                if not size:
                    break
    finally:
        await source.aclose()


async def ref_skip(source: Items, size: int) -> Items:
    try:
        async for x in source:
            if size:
                size -= 1
            else:
                yield x
    finally:
        await source.aclose()


async def ref_every(source: Items, step: int) -> Items:
    try:
        at = 0
        async for x in source:
            if at % step == 0:
                yield x
            at += 1
    finally:
        await source.aclose()


async def ref_take_while(source: Items, f: Call, inclusive: bool) -> Items:
    try:
        async for x in source:
            if not await call(f, x):
                if inclusive:
                    yield x
                break
            yield x
    finally:
        await source.aclose()


async def ref_skip_while(source: Items, f: Call) -> Items:
    try:
        skipping = True
        async for x in source:
            skipping = skipping and bool(await call(f, x))
            if not skipping:
                yield x
    finally:
        await source.aclose()


async def ref_concat(source: Items, *others: Any) -> Items:
    try:
        async for x in source:
            yield x
    finally:
        await source.aclose()
    for other in others:
        inner = ref_source(other)
        try:
            async for x in inner:
                yield x
        finally:
            await inner.aclose()


async def ref_on_end(source: Items, items: Any) -> Items:
    """
    *items* is a source, or a plain or async function giving one, or None.
    """
    try:
        async for x in source:
            yield x
    finally:
        await source.aclose()
    rest = await call(items) if callable(items) else items
    inner = ref_source(() if rest is None else rest)
    try:
        async for x in inner:
            yield x
    finally:
        await inner.aclose()


async def ref_catch(source: Items, types: Any, handler: Any) -> Items:
    failure: Any = None
    try:
        async for x in source:
            yield x
    except types as error:
        failure = error
    finally:
        await source.aclose()
    if failure is not None:
        rest = await call(handler, failure) if callable(handler) else handler
        inner = ref_source(() if rest is None else rest)
        try:
            async for x in inner:
                yield x
        finally:
            await inner.aclose()


async def ref_lines(source: Items) -> Items:
    """
    Lines of text that ends its lines with LF alone; an incomplete last line comes at the end, not before an error.
    """
    held = ""
    try:
        async for x in source:
            *whole, held = (held + x).split("\n")
            for line in whole:
                yield line
        if held:
            yield held
    finally:
        await source.aclose()
