import asyncio
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse
from jaystream.handlers import shutdown_on


class State(TypedDict):
    shutdown: asyncio.Event


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[State, None]:
    with shutdown_on() as shutdown:
        yield {"shutdown": shutdown}


async def ticks(request: Request) -> StreamResponse:
    return JaypieStream.tick(0.01).to_response(shutdown=request.state.shutdown)


app = Starlette(routes=[Route("/ticks", ticks)], lifespan=lifespan)

# --- that is the app; this serves it, reads one event and stops the server as an operator would ---


async def main() -> None:
    signal.signal(signal.SIGTERM, lambda sig, _: print(signal.Signals(sig).name))  # uvicorn passes it on at its end
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/ticks"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url) as response:
        events = JaypieStream(response.aiter_bytes()).parse_sse()
        async with events.open() as items:
            print("first event:", (await anext(items)).data)
            signal.raise_signal(signal.SIGTERM)
            async for _ in items:
                pass
        print("the stream ended well")

    await serving


asyncio.run(main())
