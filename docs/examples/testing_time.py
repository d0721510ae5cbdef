# ruff: noqa: S101 - a test asserts
import asyncio
import logging

from jaystream import JaypieStream, StreamTimeoutError
from jaystream.testing import DeadlockError, Probe, VirtualClock, run_virtually


# What is tested: it gives up when nothing comes for 30 seconds.
def patient(source: Probe[str]) -> JaypieStream[str]:
    return JaypieStream(source).timeout(idle=30)


async def test_gives_up(clock: VirtualClock) -> None:
    probe = Probe(["one", "two"], before={1: lambda _: asyncio.sleep(31)})
    caught = patient(probe).catch(StreamTimeoutError, lambda error: [f"no more: {error.phase}"])
    assert ["one", "no more: idle"] == await caught.to_list()
    assert 30 == clock.now
    probe.assert_released()


async def test_waits_long_enough(clock: VirtualClock) -> None:
    probe = Probe(["one", "two"], before={1: lambda _: asyncio.sleep(29)})
    assert ["one", "two"] == await patient(probe).to_list()
    assert 29 == clock.now


for test in (test_gives_up, test_waits_long_enough):
    clock = VirtualClock()
    run_virtually(test(clock), clock=clock)
    print(test.__name__, "took", clock.now, "s")


logging.disable()  # the log would warn of it, after ten seconds


# One of two streams is never read, so the other waits for ever; in a test that is an error.
async def test_forgotten() -> None:
    one, _other = JaypieStream.of(1, 2, 3).broadcast(2)
    await one.to_list()


try:
    run_virtually(test_forgotten())
except DeadlockError as error:
    print("deadlock:", len(error.tasks), "tasks wait")
