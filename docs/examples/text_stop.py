import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def model() -> AsyncIterator[str]:  # stands for a language model
    try:
        for token in ["Bonjour", " !\n", "\nHu", "man", ":", " And in", " German?"]:
            print(f"  the model says {token!r}")
            yield token
    finally:
        print("  the model is closed")


async def main() -> None:
    answer = JaypieStream(model()).stop_at(["\n\nHuman:", "<|end|>"])
    print(await answer.to_list())


asyncio.run(main())
