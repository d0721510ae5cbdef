"""
The demo's chat: a model with two tools, real or offline. The offline one knows what the page suggests.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from json import dumps
from typing import TYPE_CHECKING, Any, Final

from jaystream import Llm
from jaystream.demo.pipeline import WORD, at_the_pace_of_a_model
from jaystream.errors import NotFoundError

if TYPE_CHECKING:
    from jaystream.llm.messages import LlmMessage, ToolMessage

SYSTEM: Final = "You are a friendly guest on a demo page. Answer in a few short sentences, as plain text."

HINT: Final = "The answer is streamed word by word, with what the model thinks and the tools that it calls."

HINTS: Final = (
    "What is the weather in Lisbon and in Oslo?",
    "How many words are in this sentence?",
    "What is this page?",
)

_TOWNS: Final = {
    "lisbon": ("sunny", 24),
    "oslo": ("snow", -3),
    "rome": ("a little rain", 17),
    "kyoto": ("clear", 12),
    "nairobi": ("cloudy", 21),
}


async def weather(city: str) -> dict[str, Any]:
    """
    Tell the weather in one of the towns that this demo knows.

    Args:
        city: The name of the town, in English.
    """
    try:
        sky, celsius = _TOWNS[city.strip().lower()]
    except KeyError:
        known = ", ".join(town.title() for town in _TOWNS)
        raise NotFoundError(f"Of {city} nothing is known here; try one of {known}") from None
    return {"city": city, "sky": sky, "celsius": celsius}


def count_words(text: str) -> int:
    """
    Count the words of a text.

    Args:
        text: The text.
    """
    return len(text.split())


def make_llm(model: str) -> Llm:
    """
    The model that *model* names, ``"test"`` for the offline one, with the demo's tools.
    """
    return Llm(model, tools=[weather, count_words], system=SYSTEM, script=answer if model == "test" else None)


async def answer(messages: list[LlmMessage]) -> AsyncGenerator[Any, None]:
    """
    The offline model's turn, at the pace of a real one.
    """
    said = [message for message in messages if message["role"] == "user"][-1]["content"]
    question = said if isinstance(said, str) else " ".join(part["text"] for part in said if part["type"] == "text")
    results: list[ToolMessage] = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.insert(0, message)
    async for piece in _paced(_after(results) if results else _before(question)):
        yield piece


async def _paced(pieces: list[Any]) -> AsyncGenerator[Any, None]:
    for piece in pieces:
        if not isinstance(piece, str) and piece["type"] != "reasoning":
            yield piece
            continue
        for word in WORD.findall(piece if isinstance(piece, str) else piece["content"]):
            await at_the_pace_of_a_model(word)
            yield word if isinstance(piece, str) else {**piece, "content": word}


def _before(question: str) -> list[Any]:
    """What the model does first: it may want tools."""
    towns = [town for town in re.findall(r"[A-Z]\w+", question) if town.lower() in _TOWNS]
    if "weather" in question.lower():
        places = towns or re.findall(r"(?<!^)\b[A-Z]\w+", question)[:1] or ["Atlantis"]
        thought = f"I am asked for the weather in {' and '.join(places)}. I have a tool for that."
        return [{"type": "reasoning", "content": thought}, *(_call("weather", city=place) for place in places)]
    if "how many words" in question.lower():
        thought = "Counting is not my strength, so I use a tool."
        return [{"type": "reasoning", "content": thought}, _call("count_words", text=question)]
    about = (
        "This page speaks the UI message stream of the AI SDK, the protocol that useChat reads, in a few lines of "
        "JavaScript. I am not a language model: I am a script that streams like one, so that this works offline. "
        "Start the server with --llm anthropic:MODEL, and a key in the environment, to talk to a real one. "
        f"You said: {question}"
    )
    return [about]


def _after(results: list[ToolMessage]) -> list[Any]:
    """What it makes of what they gave."""
    found: list[str] = []
    for result in results:
        content = result["content"]
        if result.get("isError"):
            found.append(f"{content}.")
        elif result.get("name") == "weather":
            city, sky, celsius = content["city"], content["sky"], content["celsius"]
            found.append(f"In {city} it is {celsius} degrees, and the sky says: {sky}.")
        else:
            found.append(f"There are {content} words.")
    return [" ".join(found)]


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_call", "toolCall": {"name": name, "arguments": dumps(arguments)}}
