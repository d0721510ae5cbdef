import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

from jaystream import LambdaRequest, lambda_stream_handler
from jaystream.testing import invoke


@lambda_stream_handler(name="ask")
async def handler(event: dict[str, Any], context: Any) -> AsyncIterator[dict[str, Any]]:
    request = LambdaRequest(event)
    context.response_stream.set_cookie("asked", "yes")
    for word in ("You", "asked:", request.query["q"]):
        yield {"type": "text", "content": word}


# --- that is the function; this calls it as a Function URL would ---

EVENT = {
    "version": "2.0",
    "rawPath": "/",
    "rawQueryString": "q=why",
    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}},
}

result = asyncio.run(invoke(handler, EVENT))
print(result.status, result.cookies)
for chunk in result.chunks:
    print(chunk)

logging.getLogger("jaystream").addHandler(logging.StreamHandler(sys.stdout))
# without a response stream, as AWS's own runtime calls it, the answer is one piece
answer = handler(EVENT, None)
print(answer["statusCode"], len(answer["body"]))
