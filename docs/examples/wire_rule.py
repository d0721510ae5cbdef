import asyncio
from typing import Any

from jaystream import JaypieStream

chunk = {"type": "text", "content": "Hi"}
# Any, since type checkers refuse to frame what may be bytes already
items: JaypieStream[Any] = JaypieStream.of("two\nlines", b": framed already\n\n", chunk)


async def main() -> None:
    for stream in (items.format_sse(), items.format_ndjson(), items.format_text()):
        print(stream.media_type)
        print(b"".join(await stream.to_list()).decode())


asyncio.run(main())
