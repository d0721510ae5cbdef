from anthropic import AsyncAnthropic
from fastapi import FastAPI

from jaystream import StreamResponse, create_lambda_stream_handler, from_llm

app, claude = FastAPI(), AsyncAnthropic()


@app.get("/ask")
async def ask(q: str) -> StreamResponse:
    answer = claude.messages.stream(
        model="claude-sonnet-5-5", max_tokens=1024, messages=[{"role": "user", "content": q}]
    )
    return from_llm(answer).timeout(first=5).smooth(by="word").format_sse().to_response()


handler = create_lambda_stream_handler(app)  # the same app, streaming from AWS Lambda
