import asyncio

from jaystream import Llm


def weather(city: str) -> dict[str, object]:
    """
    Tell the weather in a city.

    Args:
        city: Its name, in English.
    """
    return {"city": city, "celsius": 24}


# "test" is offline, and says what its script says; a real one is Llm("anthropic:claude-sonnet-5-5", tools=[weather]).
CALL = {"type": "tool_call", "toolCall": {"name": "weather", "arguments": '{"city": "Lisbon"}'}}
llm = Llm("test", tools=[weather], system="Be brief.", script=[CALL, "24 degrees."])


async def main() -> None:
    async for chunk in llm.stream("How warm is it in Lisbon?"):
        print(chunk)

    answer = await llm.operate("How warm is it in Lisbon?")
    print(answer.content, answer.tool_results)


asyncio.run(main())
