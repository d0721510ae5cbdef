from collections.abc import AsyncIterator

from jaystream import Emitted, JaypieStream
from jaystream.testing import run_virtually

PAGES = [["a", "b"], ["c", "d"], ["e"]]
broken = {1}  # the connection breaks in the middle of this page, once
NOTHING = Emitted()


# Go on by number: the source is called with what has been given so far, in the first run too.
async def rows(emitted: Emitted = NOTHING) -> AsyncIterator[str]:
    page, skip = divmod(emitted.items, 2)
    print(f"from page {page}, row {skip}")
    for number in range(page, len(PAGES)):
        for row in PAGES[number][skip:]:
            yield row
            if number in broken:
                broken.remove(number)
                raise ConnectionError("reset")
        skip = 0


# Go on by text: models go on where an answer that was begun ends.
async def model(emitted: Emitted = NOTHING) -> AsyncIterator[str]:
    messages = ["Why is the sky blue?", *([emitted.text] if emitted.text else [])]
    print("asked with", messages)
    yield "Ray" if not emitted.text else "leigh"
    if not emitted.text:
        raise ConnectionError("reset")
    yield " scattering."


async def main() -> None:
    print(await JaypieStream(rows).retry(on=ConnectionError, partial="resume").to_list())
    print(await JaypieStream(model).retry(on=ConnectionError, partial="resume").to_list())


run_virtually(main())
