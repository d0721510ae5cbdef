import asyncio
from collections.abc import AsyncIterator

from jaystream import Emitted, JaypieStream


async def down() -> AsyncIterator[str]:
    raise ConnectionError("refused")
    yield


async def breaks() -> AsyncIterator[str]:
    yield "Ray"
    raise ConnectionError("reset")


async def other(emitted: Emitted | None = None) -> AsyncIterator[str]:
    text = emitted.text if emitted else ""
    yield "Rayleigh scattering.".removeprefix(text)


def sorry(error: ConnectionError) -> list[str]:
    return [f" [cut: {error}]"]


async def main() -> None:
    # Another source, if nothing has gone out.
    print(await JaypieStream(down).fallback(other, on=ConnectionError).to_list())

    # One that goes on where this one broke off.
    print(await JaypieStream(breaks).fallback(other, on=ConnectionError, partial="resume").to_list())

    # A last word instead.
    print(await JaypieStream(breaks).catch(ConnectionError, sorry).to_list())


asyncio.run(main())
