import asyncio
from collections.abc import AsyncIterator
from typing import Any

from jaystream import JaypieStream, Llm
from jaystream.formats import LlmChunk


async def allowed(text: str) -> bool:  # stands for a service that judges text
    await asyncio.sleep(0)
    return "password" not in text


async def moderate(chunks: JaypieStream[LlmChunk]) -> AsyncIterator[LlmChunk]:
    held: list[LlmChunk] = []  # the sentence that is being written
    async with chunks.open() as items:
        async for chunk in items:
            held.append(chunk)
            if chunk["type"] == "text" and not chunk["content"].endswith((".", "!", "?")):
                continue
            sentence = "".join(each["content"] for each in held if each["type"] == "text")
            if sentence and not await allowed(sentence):
                break  # leaving the block closes the model's stream: what it would have said is not paid for
            for each in held:
                yield each
            held.clear()
        else:
            return
    yield {"type": "text", "content": " [I would rather not say that.]"}
    yield {"type": "done", "usage": [], "stopReason": "content_filter"}


async def model(_messages: list[Any]) -> AsyncIterator[str]:
    try:
        for word in ("Hello.", " The", " password", " is", " swordfish.", " And", " more."):
            yield word
    finally:
        print("(the model's stream is closed)")


async def main() -> None:
    answer = Llm("test", script=model).stream("Tell me everything").pipe(moderate)
    async for chunk in answer:
        print(chunk)


asyncio.run(main())
