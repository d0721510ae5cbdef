import asyncio
import signal
import socket
from types import FrameType

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse


async def ticks(request: Request) -> StreamResponse:
    stop: asyncio.Event = request.app.state.stop
    return JaypieStream.tick(0.01).to_response(shutdown=stop)


app = Starlette(routes=[Route("/ticks", ticks)])


class Server(uvicorn.Server):
    """
    uvicorn waits at its shutdown until every response has ended. This one tells them first.
    """

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        super().handle_exit(sig, frame)


# --- that is the server; this runs it, reads one event and stops it as an operator would ---


async def main() -> None:
    signal.signal(signal.SIGTERM, lambda sig, _: print(signal.Signals(sig).name))  # uvicorn passes it on at its end
    app.state.stop = asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/ticks"
    server = Server(uvicorn.Config(app, log_level="warning"), app.state.stop)
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
