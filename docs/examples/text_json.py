import asyncio
from typing import Any

from jaystream import JaypieStream

TOKENS = ['{"title": "Pan', 'cakes", "ste', 'ps": ["Mix fl', "our and", ' milk.", "Fry."], "minu', 'tes": 2', "0}"]


async def main() -> None:
    async for recipe in JaypieStream(TOKENS).json_deltas():
        print(recipe)

    # To a browser: chunks stay chunks, of type "json", and each is an event that replaces the one before.
    chunks: list[dict[str, Any]] = [{"type": "text", "content": token} for token in TOKENS]
    events = JaypieStream(chunks).on_end([{"type": "done"}]).json_deltas().format_sse()
    print((await events.decode_utf8().to_list())[-2:])

    # Models like to put JSON into a fence: what stands inside becomes chunks, and only these go on.
    fenced = JaypieStream.of("He", "re:\n``", '`json\n["a', '", "b"]\n``', "`").scan_tags("```json\n", "```")
    inside = fenced.filter_map(lambda item: None if isinstance(item, str) else item["content"])
    print(await inside.json_deltas().last())


asyncio.run(main())
