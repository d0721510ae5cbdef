import asyncio

from jaystream import Llm
from jaystream.llm import Tool

# A tool without a function is answered by somebody else, such as the person in front of the browser.
ask = Tool(name="ask_user", description="Ask the user something.", parameters={"type": "object", "properties": {}})


def refund(order: str) -> str:
    """
    Pay an order back.
    """
    return f"{order} is paid back"


def call(name: str, arguments: str = "{}") -> dict[str, object]:
    return {"type": "tool_call", "toolCall": {"id": f"call_{name}", "name": name, "arguments": arguments}}


async def main() -> None:
    llm = Llm("test", tools=[ask], script=[call("ask_user"), "Good evening, Ada."])
    answer = await llm.operate("Hello")
    print(answer.stop_reason, answer.pending)

    # Later, perhaps in another process: the same messages, and what came of the call.
    messages = [*answer.messages, {"role": "tool", "toolCallId": "call_ask_user", "content": "Ada"}]
    print((await llm.operate(messages)).content)

    # A tool that runs when somebody has allowed it.
    pay = call("refund", '{"order": "A7"}')
    careful = Llm("test", tools=[Tool(refund, approval=True)], script=[pay, "It is done."])
    answer = await careful.operate("Pay A7 back")
    print(answer.stop_reason, answer.tool_results)
    messages = [*answer.messages, {"role": "tool", "toolCallId": "call_refund", "content": "", "approved": True}]
    answer = await careful.operate(messages)
    print(answer.content, answer.tool_results)


asyncio.run(main())
