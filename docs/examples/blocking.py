import asyncio
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from jaystream import JaypieStream


class Bedrock:
    """
    Stands for `boto3.client("bedrock-runtime")`: it blocks in the call, and at each event.
    """

    def converse_stream(self, **_: Any) -> dict[str, Any]:
        time.sleep(0.01)
        return {"stream": Events()}


class Events:
    def __iter__(self) -> Iterator[dict[str, Any]]:
        for text in ("Ray", "leigh ", "scattering."):
            time.sleep(0.01)
            yield {"contentBlockDelta": {"delta": {"text": text}}}
        yield {"messageStop": {"stopReason": "end_turn"}}

    def close(self) -> None:
        print("connection closed, in the event loop's thread:", threading.current_thread() is threading.main_thread())


def text_of(event: dict[str, Any]) -> str | None:
    delta = event.get("contentBlockDelta")
    return delta and delta["delta"]["text"]


async def main() -> None:
    client = Bedrock()
    ask = {"modelId": "some.model", "messages": [{"role": "user", "content": [{"text": "Why is the sky blue?"}]}]}

    # The lambda matters: the call blocks too, and so belongs into the thread.
    events = JaypieStream.from_blocking(lambda: client.converse_stream(**ask)["stream"])
    print(await events.filter_map(text_of).to_list())
    print(await events.filter_map(text_of).first())

    # Any iterator that waits: here a queue, up to a None.
    jobs = queue.Queue[str | None]()
    for job in ("one", "two", None):
        jobs.put(job)
    print(await JaypieStream.from_blocking(iter(jobs.get, None)).to_list())


asyncio.run(main())
