"""
From a plan to something that runs: segments, compiled loops, and the two ways to run them.

Lives here: cutting a plan into segments, compiling each once per shape, and putting them behind one another. The text
of a loop is `writer.py`'s, what a loop does while it runs `run.py`'s.
"""

from __future__ import annotations

import linecache
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeAlias

from jaystream._core.closing import Generated, cancel_requests, recall
from jaystream._core.guard import Guard, also, give, settle
from jaystream._core.inspecting import describe
from jaystream._core.measure import Meter
from jaystream._core.ownership import PLAIN, kind_of
from jaystream._core.plan import Boundary, Plan, Source, Stage, plan_in
from jaystream._core.pumps import Into
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
Counters: TypeAlias = "Sequence[tuple[Meter | None, list[int]]] | None"

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
        values: list[Any] = []
        guards: list[tuple[int, str]] = []
        finalizers: list[tuple[int, Stage]] = []
        for number, stage in enumerate(stages, 1):
            if stage.guarded:
                guards.append((len(values) + stage.names.index("f"), stage.name))
            if stage.finalizes:
                finalizers.append((number, stage))
            values.extend(stage.values())
        self.values = tuple(values)
        self.guards = tuple(guards)
        self.finalizers = tuple(finalizers)

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


class Above:
    """
    What stands above a boundary, for the boundary to run: in another task, or in its own, as often as it likes.
    """

    __slots__ = ("_counters", "_plan", "_upto")

    def __init__(self, plan: Plan, upto: int | None = None, counters: Counters = None) -> None:
        self._plan = plan
        self._upto = upto
        self._counters = counters

    def run(self, terminal: Stage, run: Run) -> Coroutine[Any, Any, Any]:
        """What runs it to its end in one task, *terminal* taking the items."""
        return execute(self._plan, terminal, run, self._upto, self._counters)

    def again(self, loop: Loop, source: Source | None = None) -> AsyncIterator[Any]:
        """A new generator of it, run and owned by *loop*; over *source* instead of its own where one is given."""
        plan = self._plan if source is None else Plan(source, self._plan.stages)
        items = iterate(plan, loop.run, self._upto, self._counters)
        loop.owned.append(Generated(items))
        return items  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return describe(self._plan.source.origin)


def _counters_of(parts: Sequence[Segment | Boundary]) -> Counters:
    """What each part counts into, where a `stats` stands below; None where none does."""
    measured = max((at for at, part in enumerate(parts) if isinstance(part, Boundary) and part.measures), default=-1)
    if measured < 0:
        return None
    meter = Meter()
    counters: list[tuple[Meter | None, list[int]]] = []
    for at, part in enumerate(parts):
        if at > measured:
            counters.append((None, []))
        elif isinstance(part, Boundary):
            counters.append((meter, []))
            if part.measures:
                meter = Meter(meter)
        else:
            counters.append((meter, meter.count([stage.name for stage in part.stages])))
    return counters


def iterate(plan: Plan, run: Run, upto: int | None = None, counters: Counters = None) -> Any:
    """
    The generator of a plan, or of its first *upto* parts; nothing has run yet. With no parts it is the source.
    """
    parts = segments(plan)[:upto]
    counters = counters or _counters_of(parts)
    takers = [at for at, part in enumerate(parts) if isinstance(part, Boundary) and (part.pumped or part.reruns)]
    first = takers[-1] if takers else 0
    upstream: Any = Above(plan, first, counters) if first else plan.source
    for at, part in enumerate(parts[first:], first):
        loop = Loop(upstream, run)
        if counters is not None:
            loop.meter, loop.counts = counters[at]
        upstream = part.attach(loop) if isinstance(part, Boundary) else part.start(loop)
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


def begin(
    plan: Plan, terminal: Stage, run: Run, upto: int | None = None, counters: Counters = None
) -> Coroutine[Any, Any, Any]:
    """
    The loop that runs a plan, or its first *upto* parts, to the end, *terminal* taking the items.

    For those who do round it what `execute` does.
    """
    parts = segments(plan)[:upto]
    counters = counters or _counters_of(parts)
    last, before = parts[-1], len(parts) - 1
    if isinstance(last, Boundary):
        last, before = Segment(()), len(parts)
    loop = Loop(iterate(plan, run, before, counters), run)
    if counters is not None and before < len(parts):
        loop.meter, loop.counts = counters[before]
    fused, _ = last.code(plain=loop.is_plain(), counted=loop.meter is not None, terminal=terminal)
    work: Coroutine[Any, Any, Any] = fused(loop, last.prepare(loop, Segment((terminal,))))
    return work


async def execute(
    plan: Plan, terminal: Stage, run: Run | None = None, upto: int | None = None, counters: Counters = None
) -> Any:
    """
    Run a plan, or its first *upto* parts, to the end in this task, *terminal* taking the items; give what it made.

    A sink that wants to know what goes on brings its own *run*, with an `Around` as shelter.
    """
    requests = cancel_requests()
    shelter = run.shelter if run is not None and isinstance(run.shelter, Around) else Around()
    with shelter:
        run = run or Run(shelter)
        work = begin(plan, terminal, run, upto, counters)
        del plan, terminal, counters  # a run may last for hours, and there may be thousands
        try:
            result = await work
        except Exception as error:
            if not run.left:
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
    for part, below in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, Boundary):
            where = "the loop above, which is a task" if part.pumped else "the loop above"
            where = "a port of a run that others have a part in" if part.rooted else where
            lines.append(f"\n# {part.name}: an async generator of its own, over {where}")
        elif not (isinstance(below, Boundary) and below.rooted):
            plain = part is parts[0] and kind_of(plan.source.origin) == "sync"
            into = Into(None) if isinstance(below, Boundary) and below.pumped else None
            lines.append("\n" + part.code(plain=plain, terminal=into)[1].rstrip())
    return "\n".join(lines) + "\n"
