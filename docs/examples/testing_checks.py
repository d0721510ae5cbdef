# ruff: noqa: S101 - a test asserts
import asyncio
import logging

from hypothesis import given, settings

from jaystream import JaypieStream
from jaystream.testing import check_operator, check_sink, laws, run_virtually
from jaystream.testing.strategies import Pipeline, items, pipelines

logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # the planted failures are logged


# Your own operator, held to what all operators keep: items, demand, closing, errors, cancellation at every await.
def gaps(stream: JaypieStream[int]) -> JaypieStream[int]:
    return stream.map_accum(lambda last, n: (n, n - last), 0).skip(1)


async def test_operator() -> None:
    await check_operator(gaps, [1, 4, 9], [3, 5], reads_ahead=1)


# Your own sink, held to the protocol of its peer too.
async def test_sink() -> None:
    await check_sink(JaypieStream[bytes].to_lambda, peer="lambda")


# One law alone: the output does not depend on how the input was cut.
async def test_cuts() -> None:
    text = "one\r\ntwo"
    await laws.ignores_how_it_is_cut(lambda stream: stream.lines(), text, laws.every_single_cut(text))


# Time without waiting: a day takes no time, and what can never end is an error.
async def test_time() -> None:
    assert [0, 1] == await JaypieStream.tick(86_400).take(2).to_list()


# Random pipelines, each with the same on lists.
@settings(max_examples=20, deadline=None)
@given(pipelines(), items())
def test_pipelines(pipeline: Pipeline, given_items: list[int]) -> None:
    stream = pipeline.operate(JaypieStream(given_items))
    assert pipeline.model(given_items) == asyncio.run(stream.to_list())


for test in (test_operator, test_sink, test_cuts, test_time):
    run_virtually(test())
    print(test.__name__)
test_pipelines()
print(test_pipelines.__name__)
