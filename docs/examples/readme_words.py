import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI

from jaystream import JaypieStream, StreamResponse
from jaystream.testing import RecordingResponseStream

app = FastAPI()


async def words(text: str) -> AsyncIterator[str]:  # stands for a model: any async iterable will do
    for word in text.split(" "):
        await asyncio.sleep(0.01)
        yield word


def answer(q: str) -> JaypieStream[bytes]:
    return (
        JaypieStream(words(f"You asked: {q}"))
        .map(lambda word: {"type": "text", "content": f"{word} "})
        .on_end([{"type": "done"}])
        .format_sse()
    )


@app.get("/ask")
async def ask(q: str) -> StreamResponse:
    return answer(q).to_response()


async def main() -> None:
    writer = RecordingResponseStream()  # anything with write() and end(), as a Lambda response stream
    report = await answer("why?").to_lambda(writer)
    print(writer.body.decode(), end="")
    print(report.ended, report.items, "events", report.bytes, "bytes")

    report = await answer("why?").to_file("answer.sse", atomic=True)
    print(report.ended, report.items, "events", report.bytes, "bytes")


if __name__ == "__main__":
    asyncio.run(main())
