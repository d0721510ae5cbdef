import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Response

from jaystream import ResponseStream, asgi_stream_handler
from jaystream.testing import StreamTestClient

app = FastAPI()
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def user(authorization: Annotated[str, Header()] = "stranger") -> str:
    return authorization


@app.get("/ask/{topic}", response_class=Response, responses=EVENTS)
@asgi_stream_handler(teardown=lambda: print("teardown"))
async def ask(
    topic: str, user: Annotated[str, Depends(user)], response: ResponseStream, limit: int = 2
) -> AsyncIterator[dict[str, Any]]:
    """Tell something about a topic."""
    response.headers["x-user"] = user
    for n in range(limit):
        yield {"type": "text", "content": f"{topic} {n}"}


async def main() -> None:
    client = StreamTestClient(app)
    for url in ("/ask/foxes", "/ask/foxes?limit=many"):
        async with client.stream("GET", url, headers={"authorization": "Ada"}) as response:
            print(response.status, response.headers.get("x-user"))
            print((await response.read()).decode().strip()[:72])
    (operation,) = app.openapi()["paths"]["/ask/{topic}"].values()
    print(operation["description"], [each["name"] for each in operation["parameters"]])
    print(list(operation["responses"]["200"]["content"]))


asyncio.run(main())
