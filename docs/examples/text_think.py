import asyncio
from typing import Any

from jaystream import JaypieStream

TOKENS = ["<th", "ink>The user", " greets.</", "think>", "Hello", "!"]
CHUNKS: list[dict[str, Any]] = [{"type": "text", "content": token} for token in TOKENS]


def answer() -> JaypieStream[dict[str, Any]]:  # stands for a language model
    return JaypieStream(CHUNKS).on_end([{"type": "done"}])


async def main() -> None:
    print("Hidden:")
    await answer().scan_tags("<think>", "</think>", inside=None).for_each(print)
    print("Told apart:")
    await answer().scan_tags("<think>", "</think>").for_each(print)
    print("Plain text, and two pairs of tags:")
    tags = {"<think>": "</think>", "<!--": "-->"}
    shown = JaypieStream.of("<think>Hm", "</think>Hi<", "!-- later -->, you").scan_tags(tags, inside=None)
    print(await shown.to_list())


asyncio.run(main())
