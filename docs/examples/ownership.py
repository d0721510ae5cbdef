import asyncio

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe


async def main() -> None:
    # A sink closes what its run opened, before it returns.
    probe = Probe(range(9))
    await JaypieStream(probe).take(1).drain()
    print("take:      ", *probe.kinds)

    # So does open(), at the end of the block.
    managed = ManagedProbe(range(9))
    async with JaypieStream(managed).open() as items:
        async for _ in items:
            break
    print("open():    ", *managed.kinds)

    # A bare loop that is left early leaves the closing to the event loop, in a task of the loop's.
    probe = Probe(range(9))
    async for _ in JaypieStream(probe):
        break
    print("bare break:", *probe.kinds)
    while not probe.closed:  # noqa: ASYNC110 - the loop tells nobody when it is done
        await asyncio.sleep(0)
    print("later:     ", *probe.kinds, "in", len(probe.tasks), "tasks")

    # A bare loop that runs to the end closes by itself.
    probe = Probe(range(1))
    async for _ in JaypieStream(probe):
        pass
    print("bare end:  ", *probe.kinds)


asyncio.run(main())
