"""
Does looking for something in a model's text take time by its length alone, and how much beside a loop by hand?
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial

from pydantic_core import from_json

from benchmarks.report import Row, at_least, at_most, interleave_async
from jaystream import JaypieStream

NAMES = (
    "scan_tags, per token",
    "stop_at, per token",
    "json_deltas, per token",
    "json_deltas, per token, of 20,000 characters",
)
START, STOP, END = "<think>", "</think>", "\n\nHuman:"
PROSE = "It is <b>blue</b>, since\n short waves are scattered more. "
SIZE = 4


def tokens(text: str) -> list[str]:
    return [text[at : at + SIZE] for at in range(0, len(text), SIZE)]


def thoughtful(characters: int) -> list[str]:
    """
    A text with a thought in every thousand characters.
    """
    part = PROSE * 8 + START + PROSE * 8 + STOP
    return tokens(part * (characters // len(part)))


def recipes(characters: int) -> list[str]:
    one = {"title": "Pancakes", "steps": ["Mix flour and milk.", "Wait.", "Fry."], "minutes": 20, "vegan": False}
    return tokens(json.dumps([one] * (characters // len(json.dumps(one)))))


async def given(pieces: list[str]) -> AsyncGenerator[str, None]:
    for piece in pieces:
        yield piece


async def tags_by_hand(pieces: list[str]) -> int:
    """
    What one would write: the text so far, the next tag in it, and what may be the beginning of one kept back.
    """
    count, held, inside = 0, "", False
    async with aclosing(given(pieces)) as source:
        async for piece in source:
            text = held + piece
            while True:
                tag = STOP if inside else START
                at = text.find(tag)
                if at < 0:
                    break
                if at and not inside:
                    count += at
                text = text[at + len(tag) :]
                inside = not inside
            keep = next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:n])), 0)
            held = text[len(text) - keep :]
            if not inside:
                count += len(text) - keep
    return count + (0 if inside else len(held))


async def stop_by_hand(pieces: list[str]) -> int:
    count, held = 0, ""
    async with aclosing(given(pieces)) as source:
        async for piece in source:
            text = held + piece
            at = text.find(END)
            if at >= 0:
                return count + at
            keep = next((n for n in range(min(len(END) - 1, len(text)), 0, -1) if text.endswith(END[:n])), 0)
            held = text[len(text) - keep :]
            count += len(text) - keep
    return count + len(held)


async def json_by_hand(pieces: list[str]) -> int:
    """
    All that came is parsed anew for each token.
    """
    count, text, value = 0, "", None
    async with aclosing(given(pieces)) as source:
        async for piece in source:
            text += piece
            value = from_json(text, allow_partial="trailing-strings")
            count += value is not None
    return count


async def tags(pieces: list[str]) -> int:
    stream = JaypieStream(given(pieces)).scan_tags(START, STOP, inside=None)
    return await stream.reduce(lambda count, text: count + len(text), 0)


async def stop(pieces: list[str]) -> int:
    stream = JaypieStream(given(pieces)).stop_at(END)
    return await stream.reduce(lambda count, text: count + len(text), 0)


async def values(pieces: list[str]) -> int:
    return await JaypieStream(given(pieces)).json_deltas(max_text=None).count()


def per_token(work: Callable[[list[str]], Awaitable[int]], *texts: list[str], repeats: int) -> list[float]:
    """
    Microseconds per token of each text.
    """
    seconds = interleave_async(*(partial(work, text) for text in texts), repeats=repeats)
    return [1e6 * one / len(text) for one, text in zip(seconds, texts, strict=True)]


def run(*, short: bool) -> list[Row]:
    size, repeats = (100_000, 5) if short else (400_000, 15)
    rows: list[Row] = []
    for name, work, by_hand in ((NAMES[0], tags, tags_by_hand), (NAMES[1], stop, stop_by_hand)):
        once, twice = thoughtful(size), thoughtful(2 * size)
        single, double = per_token(work, once, twice, repeats=repeats)
        rows.append(at_most(name, double, "half the text", single, 1.15))
        ours, hand = (
            1e6 * seconds / len(once)
            for seconds in interleave_async(partial(work, once), partial(by_hand, once), repeats=repeats)
        )
        rows.append(at_most(name, ours, "by hand", hand, 1))
    once, twice = recipes(size), recipes(2 * size)
    single, double = per_token(values, once, twice, repeats=max(3, repeats // 3))
    rows.append(at_most(NAMES[2], double, "half the text", single, 1.15))
    few = recipes(20_000)
    ours, naive = (
        1e6 * seconds / len(few)
        for seconds in interleave_async(partial(values, few), partial(json_by_hand, few), repeats=max(3, repeats // 3))
    )
    rows.append(at_least(NAMES[3], ours, "all parsed anew", naive, 4))
    return rows
