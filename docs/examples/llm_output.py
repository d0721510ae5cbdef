import asyncio

from pydantic import BaseModel

from jaystream import Llm


class City(BaseModel):
    name: str
    inhabitants: int


GIVE = {
    "type": "tool_call",
    "toolCall": {"name": "final_result", "arguments": '{"name": "Lisbon", "inhabitants": 548703}'},
}


async def main() -> None:
    llm = Llm("test", script=[GIVE])  # what a real model does by itself
    answer = await llm.operate("Which is the capital of Portugal?", output=City)
    print(repr(answer.output))


asyncio.run(main())
