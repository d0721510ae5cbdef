import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def events() -> AsyncIterator[tuple[str, str]]:
    for time, user, action in (
        (0, "ada", "opens"),
        (1, "alan", "opens"),
        (1, "ada", "pays"),
        (60, "ada", "opens"),
    ):
        await asyncio.sleep(time)
        yield user, action


async def session(group: tuple[str, JaypieStream[tuple[str, str]]]) -> list[str]:
    user, actions = group
    return [f"{user}: {', '.join([action async for _, action in actions])}"]


async def main() -> None:
    # A session ends after 30 seconds without an event; at most 100 are open.
    sessions = JaypieStream(events()).group_by(lambda event: event[0], idle=30, max_open=100)
    await sessions.flat_map(session, concurrency=100).for_each(print)


run_virtually(main())
