import asyncio
import socket

import httpx
import uvicorn

# isort: split
from collections.abc import AsyncIterator

from fastapi import FastAPI

from jaystream import JaypieStream, StreamResponse
from jaystream.errors import NotFoundError

app = FastAPI()


async def words(name: str) -> AsyncIterator[str]:
    if name != "fox":
        raise NotFoundError(f"No text named {name}")
    for word in ("the", "quick", "brown", "fox"):
        yield word


@app.get("/text/{name}")
async def text(name: str) -> StreamResponse:
    chunks = JaypieStream(words(name)).map(lambda word: {"type": "text", "content": word})
    return chunks.format_sse(retry=2000).to_response(headers={"x-model": "none"}, keepalive=10)


# --- that is the app; this serves it on a free port and asks it twice ---


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        for path in ("/text/fox", "/text/wolf"):
            response = await client.get(path)
            print(response.status_code)
            for name in ("content-type", "cache-control", "x-accel-buffering", "x-model"):
                print(f"  {name}: {response.headers.get(name)}")
            print(response.text.strip())

    server.should_exit = True
    await serving


asyncio.run(main())
