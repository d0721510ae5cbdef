import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from jaystream import lambda_stream_handler
from jaystream.errors import NotFoundError
from jaystream.testing import LambdaTestContext, an_error, an_event, invoke

logging.disable()


@lambda_stream_handler
async def handler(event: dict[str, Any], context: Any) -> AsyncIterator[dict[str, Any]]:
    if event["topic"] != "foxes":
        raise NotFoundError(f"Nothing is known of {event['topic']}")
    yield {"type": "text", "content": f"{context.function_name} knows foxes"}
    yield {"type": "done"}


async def main() -> None:
    result = await invoke(handler, {"topic": "foxes"}, LambdaTestContext(function_name="zoo"))
    print(result.media_type, result.ended)
    print(result.chunks == [an_event("text", content="zoo knows foxes"), an_event("done")])

    result = await invoke(handler, {"topic": "wolves"})
    print(result.events == [an_error(404, detail="Nothing is known of wolves")])


asyncio.run(main())
