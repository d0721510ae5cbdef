import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator

from jaystream import JaypieStream, Operator


# 1. A function from stream to stream: it is fused with what stands before and behind.
def errors(lines: JaypieStream[str]) -> JaypieStream[str]:
    return lines.filter(lambda line: line.startswith("ERROR ")).map(lambda line: line[6:])


# 2. The same with arguments; the stream comes first.
def about(lines: JaypieStream[str], word: str) -> JaypieStream[str]:
    return lines.filter(lambda line: word in line)


# 3. With a memory. A callable source is called anew by each run, so each run counts for itself.
def counted(lines: JaypieStream[str]) -> JaypieStream[str]:
    def start() -> JaypieStream[str]:
        seen: Counter[str] = Counter()

        def count(line: str) -> str:
            seen[line] += 1
            return f"{line} ({seen[line]})"

        return lines.map(count)

    return JaypieStream(start)


# 4. A generator with a loop of its own, for what no operator says: tokens of a model to sentences.
async def sentences(tokens: JaypieStream[str]) -> AsyncIterator[str]:
    held = ""
    async for token in tokens:
        *whole, held = re.split(r"(?<=[.!?])\s+", held + token)
        for sentence in whole:
            yield sentence
    if held:
        yield held


# 5. An operator as a value: combined before there is a stream, and applied to any source.
alerts = Operator(errors) | counted

LOG = ["INFO started", "ERROR disk full", "ERROR no route", "ERROR disk full"]
TOKENS = ["Hel", "lo! How ", "are you? I", " am", " fine."]


async def main() -> None:
    lines = JaypieStream(LOG)
    print(await (lines | errors).to_list())
    print(await lines.pipe(errors).pipe(about, word="disk").count())
    print(await (LOG | alerts).to_list())
    print(await (LOG | alerts).last())
    print(await (JaypieStream(TOKENS) | sentences).to_list())


asyncio.run(main())
