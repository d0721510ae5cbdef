"""
Arguments and models of the operators that run something again, end a stream from outside, or pace its text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing.strategies.by_time import LONG
from jaystream.testing.strategies.data import text_cuts
from jaystream.testing.strategies.steps import Step, register

__all__: list[str] = []

KINDS = ("raise", "restart")


def _same(xs: Sequence[Any]) -> Sequence[Any]:
    return xs


def _retry(drawn: tuple[int, str]) -> Step:
    attempts, partial = drawn
    options: dict[str, Any] = {"on": KeyError, "partial": partial}
    # the laws' own errors are of another type, so here they pass; what is run again has tests of its own
    return Step(
        f"retry({attempts}, {options})", lambda s: JaypieStream[Any](lambda: s).retry(attempts, **options), _same
    )


def _fallback(partial: str) -> Step:
    options: dict[str, Any] = {"on": KeyError, "partial": partial}
    return Step(
        f"fallback([1], {options})",
        lambda s: s.fallback([1], **options),
        _same,
        sources=lambda w: JaypieStream[Any](w.source([1], fail_at=0, error=KeyError())).fallback(
            w.source([2]), on=KeyError
        ),
    )


register("retry", st.tuples(st.integers(1, 3), st.sampled_from(KINDS)).map(_retry))
register("fallback", st.sampled_from(KINDS).map(_fallback))

# until ----------------------------------------------------------------------------------------------------------------


class Context:
    """
    Stands for what AWS Lambda gives a handler.
    """

    def get_remaining_time_in_millis(self) -> int:
        """
        Give the time that is left.
        """
        return int(LONG * 1000)


_SIGNALS: dict[str, Callable[[], Any]] = {
    "Event()": asyncio.Event,
    "never()": JaypieStream.never,
    "lambda: sleep()": lambda: lambda: asyncio.sleep(LONG),
}
register(
    "take_until",
    st.sampled_from(sorted(_SIGNALS)).map(
        lambda name: Step(f"take_until({name})", lambda s: s.take_until(_SIGNALS[name]()), _same)
    ),
)
register("take_for", st.just(Step("take_for()", lambda s: s.take_for(LONG), _same)))
register("deadline_from", st.just(Step("deadline_from()", lambda s: s.deadline_from(Context()), _same)))

# smooth ---------------------------------------------------------------------------------------------------------------

_UNITS = {"word": r"\s*\S+\s+|\s*\S+$|\s+$", "char": r"(?s:.)", "line": r"[^\n]*\n|[^\n]+$"}


def _smooth(by: Any) -> Step:
    def whole(xs: Sequence[str]) -> list[str]:
        # cut as it comes: what is whole is never put together with what comes later
        pieces: list[str] = []
        tail = ""
        for x in xs:
            found = re.findall(_UNITS[by].partition("|")[0], tail + x)
            pieces += found
            tail = (tail + x)[len("".join(found)) :]
        return [*pieces, tail] if tail else pieces

    return Step(
        f"smooth({by})",
        # as slow as it likes to be, so that pieces never are joined
        lambda s: s.smooth(by, per=0.0001, max_lag=LONG),
        whole,
        so_far=lambda xs: whole(xs) if not xs else _without_tail(xs, whole),
        ahead=12,
    )


def _without_tail(xs: Sequence[str], whole: Callable[[Sequence[str]], list[str]]) -> list[str]:
    return whole([*xs, "\n"])[:-1]


register(
    "smooth",
    st.sampled_from(sorted(_UNITS)).map(_smooth),
    st.text("ab \n", max_size=9).flatmap(text_cuts),
    cut="joined",
)
