import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from jaystream import AgUiRequest, ChatRequest, Llm, StreamResponse, UiRequest
from jaystream.errors import JaypieError
from jaystream.testing import StreamTestClient


def weather(city: str) -> str:
    """
    Tell the weather in a city.
    """
    return f"Sunny in {city}"


look = {"type": "tool_call", "toolCall": {"id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}}
llm = Llm("test", tools=[weather], script=[look, "It is sunny."])  # such as "anthropic:claude-sonnet-5-5"
app = FastAPI()


@app.exception_handler(JaypieError)  # a body that is garbage is a 400
async def refuse(_: Request, error: JaypieError) -> JSONResponse:
    return JSONResponse(error.body(), error.status)


@app.post("/api/chat")  # where useChat asks
async def chat(request: Request) -> StreamResponse:
    asked = UiRequest.parse(await request.body())
    return llm.stream(asked.to_messages()).format_ai_sdk().to_response()


@app.post("/agent")  # new HttpAgent({url: "/agent"})
async def agent(request: Request) -> StreamResponse:
    asked = AgUiRequest.parse(await request.body())
    answer = llm.stream(asked.to_messages())
    return answer.format_ag_ui(thread_id=asked.thread_id, run_id=asked.run_id).to_response()


@app.post("/v1/chat/completions")  # new OpenAI({baseURL: "/v1"})
async def completions(request: Request) -> StreamResponse:
    asked = ChatRequest.parse(await request.body())
    answer = llm.stream(asked.to_messages())
    return answer.format_openai(model=asked.model, include_usage=asked.include_usage).to_response()


# --- that is it; this stands for the browser ---


async def main() -> None:
    client = StreamTestClient(app)
    said = {"id": "1", "role": "user", "parts": [{"type": "text", "text": "How is the weather in Oslo?"}]}
    async with client.stream("POST", "/api/chat", json={"id": "c", "messages": [said]}) as response:
        print(response.status, response.media_type)
        async for event in response.events():
            print(event.data)
    refused = await client.post("/api/chat", json={"messages": [{"role": "user", "parts": [{"type": "text"}]}]})
    print(refused.status, refused.json()["errors"][0]["detail"])


asyncio.run(main())
