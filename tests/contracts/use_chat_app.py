"""
An app that a page with `useChat` talks to: `Llm`, `UiRequest` and `format_ai_sdk`, as the how-to page says.

Run in a process of its own by a server; the page's script stands in a file that the environment names. Not a test.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route

from jaystream import Llm, StreamResponse, UiRequest
from jaystream.errors import NotFoundError
from jaystream.llm import Tool

if TYPE_CHECKING:
    from starlette.requests import Request

    from jaystream.llm.messages import LlmMessage

LOG: list[str] = []

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; }
article { margin: .8rem 0; padding: .2rem 1rem; border-left: 3px solid #0b6b5d; } article.user { border-color: #999; }
.reasoning { color: #666; font-style: italic; } code { background: #eee; padding: .1rem .3rem; }
"""
PAGE = f"<!doctype html><title>useChat</title><style>{STYLE}</style><div id=root></div><script src=/page.js></script>"


def weather(city: str) -> dict[str, Any]:
    """
    Tell the weather in a city.
    """
    if city != "Lisbon":
        raise NotFoundError(f"Of {city} nothing is known")
    return {"city": city, "celsius": 24}


def refund(order: str) -> str:
    """
    Pay an order back.
    """
    return f"{order} is paid back"


def call(name: str, arguments: str) -> dict[str, Any]:
    """
    A script's piece: a call of a tool.
    """
    return {"type": "tool_call", "toolCall": {"name": name, "arguments": arguments}}


async def script(messages: list[LlmMessage]) -> AsyncIterator[Any]:
    """
    What the model says, by what it is asked.
    """
    last = messages[-1]
    LOG.append("opened")
    try:
        if last["role"] == "tool":
            yield f"The tool says: {last['content']}."
        elif last["role"] != "user":
            yield "?"
        elif "weather" in last["content"]:
            yield {"type": "reasoning", "content": "I need the weather."}
            yield "I look it up."
            yield call("weather", '{"city": "Lisbon"}')
            yield call("weather", '{"city": "Atlantis"}')
        elif "refund" in last["content"]:
            yield call("refund", '{"order": "A7"}')
        elif "history" in last["content"]:
            yield " ".join(message["role"] for message in messages)
        elif "fail" in last["content"]:
            yield "It began well"
            raise NotFoundError("There is no more")
        else:
            for number in range(10_000):
                yield f"word{number} "
                await asyncio.sleep(0.005)
    finally:
        LOG.append("closed")


llm = Llm("test", tools=[weather, Tool(refund, approval=True)], script=script)


async def chat(request: Request) -> StreamResponse:
    """
    The endpoint.
    """
    asked = UiRequest.parse(await request.body())
    return llm.stream(asked.to_messages()).format_ai_sdk().to_response()


async def page(_: Request) -> HTMLResponse:
    """
    The page.
    """
    return HTMLResponse(PAGE)


async def page_script(_: Request) -> FileResponse:
    """
    Its script.
    """
    return FileResponse(Path(os.environ["USE_CHAT_SCRIPT"]), media_type="text/javascript")


async def log(_: Request) -> PlainTextResponse:
    """
    What happened to the model's streams.
    """
    return PlainTextResponse(",".join(LOG))


app = Starlette(
    routes=[
        Route("/", page),
        Route("/page.js", page_script),
        Route("/log", log),
        Route("/favicon.ico", log),
        Route("/api/chat", chat, methods=["POST"]),
    ]
)
