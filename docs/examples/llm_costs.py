import asyncio
from collections import Counter

from jaystream import Llm
from jaystream.formats import LlmChunk, Usage

PRICES = {"test": (3.00, 15.00)}  # dollars for a million tokens in, and out; cached ones have prices of their own


class Bill:
    """
    What all answers of a user have taken.
    """

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()
        self.dollars = 0.0

    def add(self, chunk: LlmChunk) -> None:
        if chunk["type"] == "done":  # one usage for each request: a turn with tools is a request of its own
            for usage in chunk["usage"]:
                self.count(usage)

    def count(self, usage: Usage) -> None:
        into, out = PRICES[usage.get("model", "")]
        self.tokens.update(input=usage["input"], output=usage["output"], reasoning=usage["reasoning"])
        self.dollars += (usage["input"] * into + usage["output"] * out) / 1_000_000


def double(n: int) -> int:
    return 2 * n


async def main() -> None:
    bill = Bill()
    call = {"type": "tool_call", "toolCall": {"name": "double", "arguments": '{"n": 21}'}}
    llm = Llm("test", tools=[double], script=[call, "It is 42."])
    for _ in range(2):
        await llm.stream("What is twice 21?").tap(bill.add).drain()
    print(dict(bill.tokens), f"${bill.dollars:.5f}")


asyncio.run(main())
