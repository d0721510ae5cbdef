"""
From a plan to something that runs: segments, compiled loops, and the two ways to run them.

Lives here: cutting a plan into segments, compiling each once per shape, and putting them behind one another. The text
of a loop is `writer.py`'s, what a loop does while it runs `run.py`'s.
"""

from __future__ import annotations

import linecache
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeAlias

from jaystream._core.guard import Guard, also, give, settle
from jaystream._core.measure import Meter
from jaystream._core.ownership import PLAIN, Generated, cancel_requests, describe, kind_of, recall
from jaystream._core.plan import Boundary, Plan, Source, Stage, plan_in
from jaystream._core.run import Loop, Run, turn
from jaystream._core.shelter import Around
from jaystream._core.writer import LoopWriter

CACHE = 512
"""Compiled loops kept; the one used longest ago goes first."""

NESTS = 8
"""Inner loops in one segment, at most: Python nests no more than 20 blocks."""

FLUSHES = 4
"""Stages that flush or open with items in one segment, at most: each repeats the lines below it."""

DEPTH = 100
"""Segments behind one another that such stages make, at most: generators in generators use up Python's stack."""

Fused: TypeAlias = Callable[[Loop, "list[Any]"], Any]

_HELPERS = {"PLAIN": PLAIN, "also": also, "give": give, "settle": settle, "turn": turn}

_compiled: OrderedDict[Hashable, tuple[Fused, str]] = OrderedDict()
_numbers: Iterator[int] = count(1)


class Segment:
    """
    Stages that run as one loop, with what every run of them needs.
    """

    __slots__ = ("finalizers", "guards", "shape", "stages", "values")

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)
        self.shape = tuple(stage.shape for stage in stages)
        self.values: list[Any] = []
        self.guards: list[tuple[int, str]] = []
        self.finalizers: list[tuple[int, Stage]] = []
        for number, stage in enumerate(stages, 1):
            if stage.guarded:
                self.guards.append((len(self.values) + stage.names.index("f"), stage.name))
            if stage.finalizes:
                self.finalizers.append((number, stage))
            self.values.extend(stage.values())

    def prepare(self, loop: Loop, terminal: Segment | None = None) -> list[Any]:
        """The values for one run, guards round plain callables; finalizers go under what the loop will open."""
        for number, stage in reversed(self.finalizers):
            loop.owned.append(stage.finalizer(loop, number))
        values = [*self.values]
        for at, name in self.guards:
            values[at] = Guard(values[at], name)
        return values + terminal.prepare(loop) if terminal is not None else values

    def start(self, loop: Loop) -> Any:
        """The generator that runs these stages over the upstream of *loop*."""
        if loop.meter is not None:
            loop.counts = loop.meter.count([stage.name for stage in self.stages])
        fused, _ = self.code(plain=loop.is_plain(), counted=loop.meter is not None)
        return fused(loop, self.prepare(loop))

    def code(self, *, plain: bool, counted: bool = False, terminal: Stage | None = None) -> tuple[Fused, str]:
        """The compiled loop and its text."""
        key = (plain, counted, self.shape, terminal and terminal.shape)
        found = _compiled.get(key)
        if found is not None:
            with suppress(KeyError):  # another thread may have pushed it out just now
                _compiled.move_to_end(key)
            return found
        text = LoopWriter(self.stages, terminal, plain=plain, counted=counted).write()
        made = _compiled[key] = _compile(text), text
        if len(_compiled) > CACHE:
            _, (old, _) = _compiled.popitem(last=False)
            linecache.cache.pop(old.__code__.co_filename, None)
        return made


def _compile(text: str) -> Fused:
    filename = f"<jaystream loop {next(_numbers)}>"
    namespace: dict[str, Any] = {"__name__": "jaystream", **_HELPERS}
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102 - the text is made of our own stages' lines alone
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    fused: Fused = namespace["fused"]
    return fused


def segments(plan: Plan) -> list[Segment | Boundary]:
    """
    Cut a plan: a boundary stands alone, and a loop is cut before it nests or repeats itself too much.
    """

    def cut() -> list[Segment | Boundary]:
        parts: list[Segment | Boundary] = []
        stages: list[Stage] = []
        nests = flushes = 0
        most = max(FLUSHES, sum(bool(stage.flushes or stage.heads) for stage in plan.stages) // DEPTH)
        for stage in plan.stages:
            full = nests + stage.nests > NESTS or flushes + (stage.flushes or stage.heads) > most
            if full or (isinstance(stage, Boundary) and (stages or not parts)):
                parts.append(Segment(stages))
                stages, nests, flushes = [], 0, 0
            if isinstance(stage, Boundary):
                parts.append(stage)
            else:
                stages.append(stage)
                nests += stage.nests
                flushes += stage.flushes or stage.heads
        return [*parts, Segment(stages)] if stages or not parts else parts

    found: list[Segment | Boundary] = plan.cached("segments", cut)
    return found


def iterate(plan: Plan, run: Run, upto: int | None = None) -> Any:
    """
    The generator of a plan, or of its first *upto* parts; nothing has run yet. With no parts it is the source.
    """
    parts = segments(plan)[:upto]
    measured = max((at for at, part in enumerate(parts) if isinstance(part, Boundary) and part.measures), default=-1)
    meter = Meter() if measured >= 0 else None
    upstream: Any = plan.source
    for at, part in enumerate(parts):
        loop = Loop(upstream, run)
        if at <= measured:
            loop.meter = meter
        if isinstance(part, Boundary):
            upstream = part.attach(loop)
            if part.measures:
                meter = Meter(meter)
        else:
            upstream = part.start(loop)
    return upstream


def plan_of(origin: object) -> Plan:
    """
    The plan of a stream, or of any other source.

    Raises:
        TypeError: If *origin* is no source.
    """
    plan = plan_in(origin)
    if plan is not None:
        return plan
    kind_of(origin)
    return Plan(Source(origin))


def follow(plan: Plan, loop: Loop) -> AsyncIterator[Any]:
    """
    The generator of another plan, run and owned by *loop*.
    """
    items = iterate(plan, loop.run.inner())
    loop.owned.append(Generated(items))
    return items  # type: ignore[no-any-return]


async def execute(plan: Plan, terminal: Stage, run: Run | None = None) -> Any:
    """
    Run a plan to its end in this task, *terminal* taking the items, and give what it made of them.

    A sink that wants to know what goes on brings its own *run*, with an `Around` as shelter.
    """
    requests = cancel_requests()
    shelter = run.shelter if run is not None and isinstance(run.shelter, Around) else Around()
    with shelter:
        run = run or Run(shelter)
        parts = segments(plan)
        last = parts[-1]
        if isinstance(last, Boundary):
            last = Segment(())
            upstream = iterate(plan, run)
        else:
            upstream = iterate(plan, run, upto=len(parts) - 1)
        loop = Loop(upstream, run)
        fused, _ = last.code(plain=loop.is_plain(), terminal=terminal)
        try:
            result = await fused(loop, last.prepare(loop, Segment((terminal,))))
        except Exception as error:
            await recall(requests, error)
            raise
        await recall(requests)
    return result


def explain(plan: Plan) -> str:
    """
    The source text of the loops that a plan runs as, under a list of its stages.
    """
    lines = [f"# source: {describe(plan.source.origin)}"]
    lines += [f"# {number}: {stage.describe()}" for number, stage in enumerate(plan.stages, 1)]
    parts = segments(plan)
    for part in parts:
        if isinstance(part, Boundary):
            lines.append(f"\n# {part.name}: an async generator of its own, over the loop above")
        else:
            plain = part is parts[0] and kind_of(plan.source.origin) == "sync"
            lines.append("\n" + part.code(plain=plain)[1].rstrip())
    return "\n".join(lines) + "\n"
