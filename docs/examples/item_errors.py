import asyncio

from pydantic import BaseModel

from jaystream import JaypieStream
from jaystream.errors import InvalidJsonError


class User(BaseModel):
    name: str
    email: str


FILE = b"""\
{"name": "Ada", "email": "ada@example.com"}
{"name": "Alan"}
not JSON
{"name": "Grace", "email": "full@example.com"}
"""

rejected: list[str] = []


def reject(line: bytes, error: InvalidJsonError) -> None:
    rejected.append(f"line {error.line}: {line.decode()}")


async def invite(user: User) -> str:
    if user.email.startswith("full"):
        raise ConnectionError("mailbox is full")
    return f"invited {user.name}"


def not_invited(user: User, error: Exception) -> str:
    return f"could not invite {user.name}: {error}"


async def main() -> None:
    users = JaypieStream.of(FILE).parse_ndjson(User, on_error=reject).of_type(User)
    await users.map(invite, on_error=not_invited).for_each(print)
    print(rejected)

    # Without on_error the first bad line ends the stream, which materialize makes an item of.
    strict = JaypieStream.of(FILE).parse_ndjson(User).map(lambda user: user.name)
    *names, ending = await strict.materialize().to_list()
    print(names, type(ending).__name__)


asyncio.run(main())
