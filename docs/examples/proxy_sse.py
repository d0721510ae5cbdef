import asyncio
import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse
from jaystream.testing import StreamTestClient


async def prices(request: Request) -> StreamResponse:
    events = JaypieStream.from_sse(
        request.app.state.upstream,
        headers={"Authorization": "Bearer our-key"},
        last_event_id=request.headers.get("last-event-id", ""),
        idle=60,
    )
    return events.filter(lambda event: event.event != "internal").format_sse().to_response()


app = Starlette(routes=[Route("/prices", prices)])

# --- that is the proxy; this stands for the upstream, which loses its connection after every second event ---

EVENTS = {1: "event: price\ndata: 41", 2: "event: internal\ndata: queue 7", 3: "event: price\ndata: 43"}


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    last = int(request.partition("last-event-id:")[2].split("\r\n")[0] or 0)
    print(f"  upstream is asked for what comes behind {last}")
    status = "204 No Content" if last == 3 else "200 OK" if "bearer our-key" in request else "401 Unauthorized"
    writer.write(f"HTTP/1.1 {status}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n".encode())
    for number in range(last + 1, min(last + 3, 4)):
        writer.write(f"id: {number}\nretry: 10\n{EVENTS[number]}\n\n".encode())
    writer.close()
    await writer.wait_closed()


async def main() -> None:
    logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # it says what was wrong upstream, clients are not told
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    async with server:
        app.state.upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with StreamTestClient(app).stream("GET", "/prices") as response:
            async for event in response.events():
                print(event)
    async with StreamTestClient(app).stream("GET", "/prices") as response:  # upstream is down now
        await response.read()
        print(response.status, response.json()["errors"][0]["detail"])


asyncio.run(main())
