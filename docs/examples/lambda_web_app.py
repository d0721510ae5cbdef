import asyncio
from types import SimpleNamespace

from fastapi import FastAPI

from jaystream import JaypieStream, StreamResponse, create_lambda_stream_handler
from jaystream.aws.events import function_url, http_api
from jaystream.testing import RecordingResponseStream

app = FastAPI()


@app.get("/count/{name}")
async def count(name: str) -> StreamResponse:
    return JaypieStream.of("one", "two").map(lambda number: f"{name}: {number}").format_sse().to_response()


handler = create_lambda_stream_handler(app)  # the name that the function's configuration says


async def on_a_runtime_that_streams() -> None:
    stream = RecordingResponseStream()  # what the runtime would send on, piece by piece
    await handler(function_url("GET", "/count/sheep"), SimpleNamespace(response_stream=stream))
    print(stream.status, dict(stream.headers)["content-type"])
    print(stream.body)

    await handler.aclose()  # the runtime does it when it is told to stop


asyncio.run(on_a_runtime_that_streams())

# an HTTP API cannot stream, nor can AWS's own runtime: the same handler gives a whole answer
answer = handler(http_api("GET", "/count/goats"), SimpleNamespace())
print(answer["statusCode"], answer["headers"]["content-type"])
print(answer["body"].encode())
