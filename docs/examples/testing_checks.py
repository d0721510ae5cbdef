# ruff: noqa: S101 - a test asserts
import logging
from pathlib import Path

from jaystream import JaypieStream, SinkReport
from jaystream.testing import DeadlockError, check_operator, check_sink, laws, run_virtually

logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # the planted failures are logged


# Your own operator, held to what all operators keep: items, demand, closing, errors, cancellation at every await.
def gaps(stream: JaypieStream[int]) -> JaypieStream[int]:
    return stream.pairwise().map(lambda pair: pair[1] - pair[0])


async def test_operator() -> None:
    await check_operator(gaps, [1, 4, 9], [3, 5], reads_ahead=1)


# Your own sink, held to the protocol of its peer too: here a file is written whole or not at all.
async def save(stream: JaypieStream[bytes], path: Path) -> SinkReport:
    return await stream.to_file(path, atomic=True)


async def test_sink() -> None:
    await check_sink(save, peer="file")


# One law alone: the output does not depend on how the input was cut.
async def test_cuts() -> None:
    text = "one\r\ntwo"
    await laws.ignores_how_it_is_cut(lambda stream: stream.lines(), text, laws.every_single_cut(text))


# Time without waiting: a day takes no time, and what can never end is an error.
async def test_time() -> None:
    assert [0, 1] == await JaypieStream.tick(86_400).take(2).to_list()


for test in (test_operator, test_sink, test_cuts, test_time):
    run_virtually(test())
    print(test.__name__)
try:
    run_virtually(JaypieStream.never().drain())
except DeadlockError as error:
    print("never ends:", len(error.tasks), "task waits")
