import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream, StreamTimeoutError
from jaystream.testing import run_virtually


async def model(*waits: float) -> AsyncIterator[str]:  # stands for a language model
    for wait, token in zip(waits, ["Ray", "leigh ", "scattering."], strict=True):
        await asyncio.sleep(wait)
        yield token


async def main() -> None:
    for waits in ((1, 1, 1), (9, 1, 1), (1, 20, 1), (4, 9, 9)):
        answer = JaypieStream(model(*waits)).timeout(first=5, idle=10, total=20)
        try:
            print(await answer.to_list())
        except StreamTimeoutError as error:
            print(f"{error.phase}: {error}")

    # Instead of failing, ask another model. It is not asked once text has gone out: see "Retry and fall back".
    answer = JaypieStream(model(9, 1, 1)).timeout(first=5).fallback(model(1, 1, 1), on=StreamTimeoutError)
    print(await answer.to_list())


run_virtually(main())
