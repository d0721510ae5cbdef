import asyncio

from fastapi import FastAPI, Request

from jaystream import Llm, StreamResponse, UiRequest
from jaystream.testing import StreamTestClient

app = FastAPI()
llm = Llm("test", script="Hello there.")


@app.post("/api/chat")
async def chat(request: Request) -> StreamResponse:
    asked = UiRequest.parse(await request.body())
    return llm.stream(asked.to_messages()).format_ai_sdk().to_response()


# --- that is the app; this asks it what useChat asks ---


async def main() -> None:
    messages = [{"id": "1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}]
    client = StreamTestClient(app)
    async with client.stream("POST", "/api/chat", json={"id": "chat", "messages": messages}) as response:
        async for event in response.events():
            print(event.data)


asyncio.run(main())
