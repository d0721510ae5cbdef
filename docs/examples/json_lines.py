import asyncio
import tempfile
from pathlib import Path

from pydantic import BaseModel

from jaystream import JaypieStream
from jaystream.errors import InvalidJsonError


class User(BaseModel):
    name: str
    age: int


async def main(path: Path) -> None:
    await JaypieStream.of(User(name="Ada", age=36), User(name="Alan", age=41)).format_ndjson().to_file(path)
    await JaypieStream.from_file(path).lines().for_each(print)

    users = JaypieStream.from_file(path).parse_ndjson(User)
    print(await users.map(lambda user: user.age).to_list())

    await JaypieStream.of('{"name": "Grace"}\n').to_file(path, mode="a")
    try:
        await users.tap(print).drain()
    except InvalidJsonError as error:
        print("line", error.line, error.excerpt)


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder) / "users.ndjson"))
