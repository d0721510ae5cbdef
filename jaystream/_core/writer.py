"""
Writing one loop: the text that stages add their lines to.

Lives here: levels, names, ends and flushes. The text depends on the shapes of the stages alone; values of users never
stand in it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from jaystream._core.plan import Stage


class LoopWriter:
    """
    Collects the lines of one async function that pulls, passes each item through the stages, and ends well.

    In the text an item is always `x`. `ending` is 0 until a stage ends the stream early; then it is that stage's
    number, counted from 1: what stands above it need not flush any more, what stands below it must.
    """

    def __init__(self, stages: Sequence[Stage], terminal: Stage | None, *, plain: bool, counted: bool) -> None:
        self._stages = [*stages, terminal or _Yield()]
        self._plain = plain
        self._counted = counted
        self._returns = terminal is not None
        self._lines: list[str] = []
        self._depth = 0
        self._at = 0  # the stage that writes, counted from 1
        self._levels: list[tuple[int, Sequence[str]]] = []  # open loops: the stage each belongs to, the lines behind it
        self._may_end = any(stage.ends or stage.heads for stage in self._stages)
        self._guarded = [f"f{i}" for i, stage in enumerate(self._stages, 1) if stage.guarded]

    # what stages call ---------------------------------------------------------------------------------------------

    def name(self, word: str) -> str:
        """A variable of the writing stage: its values under the words of `Stage.names`, or one of its own."""
        return f"{word}{self._at}"

    def line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, header: str) -> Generator[None, None, None]:
        """Indent what is written inside under *header*."""
        self.line(header)
        self._depth += 1
        yield
        self._depth -= 1

    def skip(self, when: str) -> None:
        """Write: if *when*, this item goes no further."""
        with self.block(f"if {when}:"):
            self.go_on()

    def go_on(self) -> None:
        """Write: to the next item."""
        self._leave_if_ended()
        self.line("continue")

    def end_after(self, when: str) -> None:
        """Write: if *when*, the stream ends once this item has passed the stages below."""
        self.line(f"if {when}:")
        self.line(f"    ending = {self._at}")

    def stop(self, when: str) -> None:
        """Write: if *when*, the stream ends without this item."""
        self.end_after(when)
        self.line("    break")

    def never_begin(self) -> None:
        """Write, in a set-up: the stream ends before anything is opened."""
        self.line(f"ending = {self._at}")

    def loop(self, items: str, *, many: bool = True, after: Sequence[str] = ()) -> None:
        """
        Open a loop over a plain iterable, of *many* items or of one or two; the stages below go into it.

        The lines of *after* run when the stages below have done with the items, and not when one of them failed.
        """
        self.line(f"for x in {items}:")
        self._open((), after, many=many)

    def pull(self, origin: str) -> None:
        """Open a loop over any source, which the run owns while it lasts; the stages below go into it."""
        mark, plain, items, ask = (self.name(word) for word in ("mark", "plain", "items", "ask"))
        self.line(f"{mark} = len(owned)")
        self.line(f"{plain}, {items} = (True, iter({origin})) if type({origin}) in PLAIN else await own({origin})")
        self.line(f"{ask} = None if {plain} else {items}.__anext__")
        self.line("while True:")
        next_item = (
            f"if {plain}:",
            f"    for x in {items}:",
            "        break",
            "    else:",
            "        break",
            "else:",
            "    try:",
            f"        x = await {ask}()",
            "    except StopAsyncIteration:",
            "        break",
        )
        self._open(next_item, (f"if len(owned) > {mark}:", f"    await release({mark})"))

    def send(self, item: str, *, when: str | None = None) -> None:
        """From a head or a flush: send one item (if *when*) through the stages below."""
        one = f"({item},)" if when is None else f"({item},) if {when} else ()"
        self._nested(lambda: self.loop(one, many=False))

    def send_each(self, items: str) -> None:
        """From a head or a flush: send each item of a plain iterable through the stages below."""
        self._nested(lambda: self.loop(items))

    def send_all(self, origin: str) -> None:
        """From a head or a flush: send each item of any source through the stages below."""
        self._nested(lambda: self.pull(origin))

    # the whole ----------------------------------------------------------------------------------------------------

    def write(self) -> str:
        """The text of the function."""
        self._depth = 2
        if self._late_flushes(0):
            with self.block("try:"):
                self._write_heads()
                self._write_main()
            self.line("except Exception as error:")
            self.line("    failure = error")
        else:
            self._write_heads()
            self._write_main()
        self._write_flushes()
        body, self._lines = self._lines, []
        self._depth = 0
        self.line("async def fused(loop, values):")
        self._depth = 1
        self._write_setup("\n".join(body))
        self.line("try:")
        self._lines += body
        ending = ["loop.ending = ending"] if self._may_end else []
        failure = ["failure = None"] if self._late_flushes(0) else []
        with self.block("except BaseException as error:"):
            for text in (*failure, *ending, "if not await loop.close(error):", "    raise"):
                self.line(text)
        with self.block("else:"):
            for text in (*ending, "await loop.close()"):
                self.line(text)
        # An item may be an error, or hold one, whose traceback leads here: no circle is left behind.
        self.line("x = None  # a traceback may lead here")
        if self._returns:
            self.line("return result")
        return "\n".join(self._lines) + "\n"

    def _write_setup(self, body: str) -> None:
        names = [f"{word}{number}" for number, stage in enumerate(self._stages, 1) for word in stage.names]
        if names:
            self.line(f"({', '.join(names)},) = values")
        self.line("left, values = 1, None")
        if "owned" in body or "release" in body:
            self.line("own, owned, release = loop.own, loop.owned, loop.release")
        if "release(base)" in body:
            self.line("base = len(owned)")
        if self._may_end:
            self.line("ending = 0")
        if self._late_flushes(0):
            self.line("failure = None")
        if self._guarded:
            self.line("guarded = True")
        if self._counted:
            self.line("counts = loop.counts")
        for number, stage in enumerate(self._stages, 1):
            self._at = number
            stage.write_setup(self)

    def _write_heads(self) -> None:
        # The stage furthest down asks first, so its head comes first, and may end the stream for those above. What has
        # ended above a stage does not keep its head back.
        for number in range(len(self._stages), 0, -1):
            stage = self._stages[number - 1]
            if stage.heads:
                self._at = number
                self.line(f"if ending < {number}:")
                self._depth += 1
                stage.write_head(self)
                self._depth -= 1

    def _write_main(self) -> None:
        depth = self._depth
        if any(stage.heads or stage.born_ended for stage in self._stages):
            self.line("if not ending:")
            self._depth += 1
        self.line("source = await loop.begin_plain()" if self._plain else "source = await loop.begin()")
        self.line("for x in source:" if self._plain else "async for x in source:")
        self._at = 0
        self._open()
        self._fill(0)
        if any(stage.flushes for stage in self._stages) and any(stage.ends for stage in self._stages):
            self.line("if ending:")  # what has ended early is closed before the items for the end come
            self.line("    await release(base)")
        self._depth = depth

    def _write_flushes(self) -> None:
        for number, stage in enumerate(self._stages, 1):
            if not stage.flushes:
                continue
            self._at = number
            wanted = [] if stage.flushes_on_error or not self._late_flushes(0) else ["failure is None"]
            may_end = any(below.ends for below in self._stages[number:])
            if may_end:
                wanted.append(f"ending < {number}")
            depth = self._depth
            if wanted:
                self.line(f"if {' and '.join(wanted)}:")
                self._depth += 1
            guarded = self._late_flushes(number)
            if guarded:
                self.line("try:")
                self._depth += 1
            stage.write_flush(self)
            if may_end and stage.flushes_on_error:
                # An error behind the last item that is wanted below is not raised.
                self.line(f"if ending > {number}:")
                self.line("    failure = None")
            if guarded:
                self._depth -= 1
                self.line("except Exception as error:")
                self.line("    failure = also(error, failure)")
            self._depth = depth
        if self._late_flushes(0):
            self.line("if failure is not None:")
            self.line("    raise failure")

    # levels -------------------------------------------------------------------------------------------------------

    def _late_flushes(self, number: int) -> bool:
        """Whether a stage below *number* flushes even when something above it has failed."""
        return any(stage.flushes and stage.flushes_on_error for stage in self._stages[number:])

    def _nested(self, opener: Callable[[], None]) -> None:
        number, depth, levels = self._at, self._depth, self._levels
        self._levels = []
        opener()
        self._fill(number)
        self._at, self._depth, self._levels = number, depth, levels

    def _fill(self, start: int) -> None:
        """Write the stages behind number *start* into the open loop, and leave the loops they have opened."""
        last = start
        for number in range(start + 1, len(self._stages) + 1):
            self._at = last = number
            stage = self._stages[number - 1]
            if self._counted:
                self.line(f"counts[{number - 1}] += 1")
            first = len(self._lines)
            stage.write(self)
            if len(self._lines) > first:
                self._lines[first] += f"  # {stage.name}"
            if stage.gathers:
                break  # nothing comes to the stages below from here
        self._at = last + 1
        while self._levels:
            self._leave_if_ended()
            _, after = self._levels.pop()
            self._depth -= 1
            for text in after:
                self.line(text)

    def _open(self, before: Sequence[str] = (), after: Sequence[str] = (), *, many: bool = True) -> None:
        self._depth += 1
        self._levels.append((self._at, after))
        for text in before:
            self.line(text)
        if many:
            self._check()

    def _leave_if_ended(self) -> None:
        base, _ = self._levels[-1]
        if any(stage.ends for stage in self._stages[base : self._at - 1]):
            self.line(f"if ending > {base}:" if base else "if ending:")
            self.line("    break")

    def _check(self) -> None:
        """Write the look at the clock, and the taking away of guards with it."""
        self.line("left -= 1")
        self.line("if not left:")
        self.line("    left = loop.look()")
        self.line("    if left < 0:")
        self.line("        left = -left")
        self.line("        await turn()")
        if self._guarded:
            names = ", ".join(self._guarded)
            self.line("    if guarded:")
            self.line(f"        {names}, guarded = settle(({names},))")


class _Yield(Stage):
    """
    The end of a loop that is an async generator.
    """

    __slots__ = ()
    name = "out"

    def write(self, code: LoopWriter) -> None:
        code.line("yield x")
