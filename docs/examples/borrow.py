import asyncio
import tempfile
from pathlib import Path

from jaystream import JaypieStream


async def main(path: Path) -> None:
    await JaypieStream.of("name,age\n", "Ada,36\n", "Alan,41\n").to_file(path)
    async with JaypieStream.from_file(path).lines().open() as lines:
        rest = JaypieStream(lines).borrow()  # the block owns the lines; runs only borrow them
        header = (await rest.first()).split(",")
        rows = rest.map(lambda line: dict(zip(header, line.split(","), strict=True)))
        print(await rows.to_list())


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder) / "users.csv"))
