from pathlib import Path
from urllib.request import urlopen

from jaystream.testing import emulator

# isort: split
import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI

from jaystream import JaypieStream, StreamResponse, create_lambda_stream_handler

app = FastAPI()


async def model(question: str) -> AsyncIterator[str]:  # stands for a language model
    for token in ("You ", "asked: ", question):
        await asyncio.sleep(0.2)
        yield token


@app.get("/ask")
async def ask(q: str) -> StreamResponse:
    answer = JaypieStream(model(q)).map(lambda token: {"type": "text", "content": token})
    return answer.on_end([{"type": "done"}]).format_sse().to_response()


handler = create_lambda_stream_handler(app)

# --- that is the app; this does what the page says ---

if __name__ == "__main__":
    with (
        emulator("lambda_desk.handler", folder=Path(__file__).parent) as function,
        urlopen(f"{function.url}/ask?q=Why%3F") as response,  # noqa: S310 - an address of our own
    ):
        print("HTTP/1.1", response.status, response.reason)
        print("content-type:", response.headers["content-type"])
        print()
        print(response.read().decode(), end="")
