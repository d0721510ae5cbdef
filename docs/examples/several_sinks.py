import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from jaystream import JaypieStream
from jaystream.testing import RecordingSend


async def model() -> AsyncIterator[str]:  # stands for a language model
    for token in ("Ray", "leigh ", "scattering."):
        yield token


async def keep(tokens: JaypieStream[str], transcript: list[str]) -> None:
    transcript.append("".join(await tokens.to_list()))


async def main(folder: Path) -> None:
    # 1. A side sink: the browser gets the tokens, and the transcript the whole answer.
    transcript: list[str] = []
    send = RecordingSend()
    answer = JaypieStream(model()).also_to(keep, transcript).map(lambda token: {"content": token}).format_sse()
    await answer.to_asgi({"type": "http", "method": "GET"}, send.receive, send)
    print(send.body.decode(), end="")
    print(transcript)

    # 2. Several sinks of equal rank, and what each gave.
    async def to_copy(tokens: JaypieStream[str]) -> int:
        return (await tokens.to_file(folder / "answer.txt")).bytes

    print(await JaypieStream(model()).tee(JaypieStream[str].count, to_copy))


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder)))
