# ruff: noqa: S101 - a test asserts
import asyncio
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import check_operator, run_virtually
from jaystream.testing.laws import reads_what_it_needs
from jaystream.testing.strategies import Pipeline, Step, items, pipelines, register

T = TypeVar("T")


# What is tested: an operator of your own. On a list it is `items[::n]`.
def every(stream: JaypieStream[T], n: int) -> JaypieStream[T]:
    return stream.enumerate().filter(lambda pair: pair[0] % n == 0).map(lambda pair: pair[1])


# 1. Over random items and arguments it gives what the list gives, and keeps the contracts of all operators.
@settings(deadline=None, max_examples=5)
@given(items(st.text()), st.integers(1, 4))
def test_alone(texts: list[str], n: int) -> None:
    run_virtually(check_operator(lambda stream: every(stream, n), texts, texts[::n]))


# 2. It reads no item more than it needs for what it gives.
@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 4))
def test_demand(size: int, n: int) -> None:
    run_virtually(reads_what_it_needs(lambda stream: every(stream, n), range(size), lambda numbers: numbers[::n]))


# 3. Registered, it is drawn into random pipelines among the operators of the library.
register(
    "every",
    st.integers(1, 4).map(lambda n: Step(f"every({n})", lambda stream: every(stream, n), lambda given: given[::n])),
)


@settings(deadline=None, max_examples=20)
@given(pipelines(), items())
def test_among_others(pipeline: Pipeline, numbers: list[int]) -> None:
    stream = pipeline.operate(JaypieStream(numbers))
    assert pipeline.model(numbers) == asyncio.run(stream.to_list())


for test in (test_alone, test_demand, test_among_others):
    test()
    print(test.__name__)
