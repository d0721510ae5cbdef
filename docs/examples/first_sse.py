import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse


async def words(text: str) -> AsyncIterator[str]:
    for word in text.split():
        await asyncio.sleep(0.01)
        yield word


async def ask(request: Request) -> StreamResponse:
    text = JaypieStream(words(f"You asked {request.query_params['q']}"))
    return text.map(lambda word: {"type": "text", "content": word}).format_sse().to_response()


app = Starlette(routes=[Route("/ask", ask)])


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))  # 0: any free port
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/ask"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url, params={"q": "why"}) as response:
        print(response.status_code, response.headers["content-type"])
        async for event in JaypieStream(response.aiter_bytes()).parse_sse():
            print(event.event, event.data)

    server.should_exit = True
    await serving


asyncio.run(main())
