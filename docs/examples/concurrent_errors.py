import asyncio

from jaystream import JaypieStream
from jaystream.testing import run_virtually

cancelled: list[str] = []


async def fetch(path: str) -> str:
    try:
        await asyncio.sleep(1 if path == "/gone" else 5)
    except asyncio.CancelledError:
        cancelled.append(path)
        raise
    if path == "/gone":
        raise LookupError("404")
    return f"page {path}"


def missing(path: str, error: Exception) -> str:
    return f"no {path}: {error}"


async def main() -> None:
    pages = JaypieStream(["/a", "/gone", "/b", "/c"])

    # What stands in the place of a page that failed; the others are not disturbed.
    print(await pages.map(fetch, concurrency=3, on_error=missing).to_list())

    # Without it the first failure ends the stream, and the calls that still run are cancelled.
    try:
        await pages.map(fetch, concurrency=3, ordered=False).for_each(print)
    except LookupError as error:
        print("failed:", error)
    print("cancelled:", sorted(cancelled))


run_virtually(main())
