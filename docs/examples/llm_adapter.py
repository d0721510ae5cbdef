import asyncio
from collections.abc import AsyncIterator
from typing import Any

from jaystream import JaypieStream, from_llm


def block(kind: str, index: int, **more: Any) -> dict[str, Any]:
    return {"type": f"content_block_{kind}", "index": index, **more}


async def messages() -> AsyncIterator[dict[str, Any]]:  # stands for client.messages.create(..., stream=True)
    try:
        yield {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 9}}}
        yield block("start", 0, content_block={"type": "text", "text": ""})
        for word in ("Look", "ing", " it up."):
            yield block("delta", 0, delta={"type": "text_delta", "text": word})
        yield block("stop", 0)
        yield block("start", 1, content_block={"type": "tool_use", "id": "t1", "name": "weather", "input": {}})
        for piece in ('{"city"', ': "Oslo"}'):
            yield block("delta", 1, delta={"type": "input_json_delta", "partial_json": piece})
        yield block("stop", 1)
        yield {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 12}}
        yield {"type": "message_stop"}
    finally:
        print("(the connection is closed)")


async def chat_completion() -> AsyncIterator[dict[str, Any]]:  # and this for client.chat.completions.create(...)
    for word in ("Ray", "leigh"):
        yield {"model": "gpt", "choices": [{"index": 0, "delta": {"content": word}}]}
    yield {"model": "gpt", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


async def main() -> None:
    await from_llm(messages()).for_each(print)
    print()

    chunks: JaypieStream[Any] = from_llm(chat_completion())
    print("".join(await chunks.text().to_list()))
    print()

    async with from_llm(messages()).text().open() as words:  # a reader who leaves
        print(await anext(words))


asyncio.run(main())
