import asyncio
import threading
from collections.abc import Iterator
from typing import Any

from jaystream import from_bedrock


class Client:  # stands for boto3.client("bedrock-runtime"), which blocks
    def converse_stream(self, **request: Any) -> dict[str, Any]:
        print("asked in", threading.current_thread().name)
        return {"stream": self._events()}

    def _events(self) -> Iterator[dict[str, Any]]:
        yield {"messageStart": {"role": "assistant"}}
        for word in ("Ray", "leigh"):
            yield {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": word}}}
        yield {"messageStop": {"stopReason": "end_turn"}}
        yield {"metadata": {"usage": {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11}}}


async def main() -> None:
    client = Client()
    answer = from_bedrock(lambda: client.converse_stream(modelId="nova", messages=[]), model="nova")
    await answer.for_each(print)


asyncio.run(main())
