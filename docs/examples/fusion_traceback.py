import asyncio
import traceback

from jaystream import JaypieStream


def share(people: int) -> int:
    return 12 // people


try:
    asyncio.run(JaypieStream.of(3, 0).filter(lambda n: n >= 0).map(share).to_list())
except ZeroDivisionError as error:
    for frame in traceback.extract_tb(error.__traceback__)[-2:]:
        print(frame.name, "|", frame.line)
