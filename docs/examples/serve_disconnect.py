import asyncio
from typing import Literal

from jaystream import JaypieStream, Outcome
from jaystream.testing import RecordingSend


def closed(outcome: Outcome) -> None:
    print("  closed:", outcome.kind)


async def work(word: str) -> str:
    await asyncio.sleep(0.01)
    return word


async def ask(stream: JaypieStream[str], on_disconnect: Literal["cancel", "drain"]) -> None:
    print(on_disconnect)
    scope, send = {"type": "http", "method": "GET"}, RecordingSend(disconnect_after=1)  # leaves after one piece
    report = await stream.finalize(closed).to_asgi(scope, send.receive, send, on_disconnect=on_disconnect)
    print("  ended by:", report.ended)


async def main() -> None:
    endless = JaypieStream.of("one").concat(JaypieStream.never())
    await ask(endless, "cancel")

    saved: list[str] = []
    await ask(JaypieStream.of("one", "two", "three").map(work).tap(saved.append), "drain")
    print("  saved:", saved)


asyncio.run(main())
