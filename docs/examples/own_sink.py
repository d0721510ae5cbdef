import asyncio
import tempfile
from pathlib import Path

from jaystream import JaypieStream


# A sink is a callable that takes a stream, and most are coroutine functions.
async def to_queue(stream: JaypieStream[str], queue: asyncio.Queue[str | None]) -> int:
    try:
        return await stream.for_each(queue.put)  # a full queue makes the stream wait
    finally:
        await queue.put(None)


# A sink may be a pipeline itself.
async def to_files(stream: JaypieStream[str], folder: Path, size: int) -> list[str]:
    async def write(numbered: tuple[int, tuple[str, ...]]) -> str:
        number, lines = numbered
        path = folder / f"part-{number}.txt"
        await JaypieStream(lines).map(lambda line: line + "\n").to_file(path)
        return path.name

    return await stream.chunk(size).enumerate(1).map(write).to_list()


async def main(folder: Path) -> None:
    words = JaypieStream(["one", "two", "three", "four", "five"])

    queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=2)
    sending = asyncio.create_task(words.to(to_queue, queue))
    while (word := await queue.get()) is not None:
        print(word)
    print(await sending, "words")

    print(await words.to(to_files, folder, size=2))


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder)))
