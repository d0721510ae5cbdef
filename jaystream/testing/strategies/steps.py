"""
What the strategies know of an operator: its arguments drawn, and with them the same on lists.

Only the forms and the registry live here; the library's own operators are in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jaystream import JaypieStream
from jaystream.testing.strategies.data import items as plain_items

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from jaystream.testing.witness import Witness

__all__ = ["ENTRIES", "Entry", "Step", "arguments", "register", "weigh"]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]
Model: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


class Step:
    """
    One operator with arguments that were drawn.

    Attributes:
        label: How it is written.
        operate: Puts it on a stream; may be called for many runs.
        model: The same on lists: what comes of a source that gives these items and ends; where the step fails over
            them by itself, what comes before that.
        before_error: What has come of a source that gives these items and then fails.
        so_far: What has come of a source that gives these items and goes on.
        operate_with: For an operator with a function: puts it on with another one.
        f: That function.
        sources: For an operator with further sources: builds a pipeline all of whose sources a `Witness` made.
        passes_errors: Whether an error from above comes out at the end.
        ahead: Items it may read beyond those that decide what it gave.
        error: What it fails with over some items; None where it never does by itself.
        fails: Whether it does over these items.
    """

    __slots__ = (
        "ahead",
        "before_error",
        "error",
        "f",
        "fails",
        "label",
        "model",
        "operate",
        "operate_with",
        "passes_errors",
        "so_far",
        "sources",
    )

    def __init__(
        self,
        label: str,
        operate: Operate,
        model: Model,
        *,
        before_error: Model | None = None,
        so_far: Model | None = None,
        sources: Callable[[Witness], JaypieStream[Any]] | None = None,
        passes_errors: bool = True,
        ahead: int = 0,
        error: type[Exception] | None = None,
        fails: Callable[[Sequence[Any]], bool] | None = None,
    ) -> None:
        """
        Take what is known of it; *before_error* is the model itself where nothing waits for the end, and *so_far* the
        same as *before_error*.
        """
        self.label: str = label
        self.operate: Operate = operate
        self.model: Model = model
        self.before_error: Model = before_error or model
        self.so_far: Model = so_far or self.before_error
        self.sources: Callable[[Witness], JaypieStream[Any]] | None = sources
        self.passes_errors: bool = passes_errors
        self.ahead: int = ahead
        self.error: type[Exception] | None = error
        self.fails: Callable[[Sequence[Any]], bool] = fails or _never
        self.operate_with: Callable[[Callable[..., Any]], Operate] | None = None
        self.f: Callable[..., Any] | None = None

    @classmethod
    def calling(
        cls,
        label: str,
        operate_with: Callable[[Callable[..., Any]], Operate],
        f: Callable[..., Any],
        model: Model,
        *,
        before_error: Model | None = None,
        so_far: Model | None = None,
        error: type[Exception] | None = None,
        fails: Callable[[Sequence[Any]], bool] | None = None,
        ahead: int = 0,
    ) -> Step:
        """
        The step of an operator that calls *f*.
        """
        step = cls(label, operate_with(f), model, before_error=before_error, so_far=so_far, error=error, fails=fails)
        step.ahead = ahead
        step.operate_with, step.f = operate_with, f
        return step

    def caught(self) -> Step:
        """
        The step with its own error caught, so that it ends there; itself where it has none.

        For what holds of runs that end well, and for pipelines that go on behind it.
        """
        error = self.error
        if error is None:
            return self
        operate, operate_with, build = self.operate, self.operate_with, self.sources
        step = Step(
            f"{self.label}.catch({error.__name__}, [])",
            lambda s: operate(s).catch(error, []),
            self.model,
            before_error=self.before_error,
            so_far=self.so_far,
            sources=None if build is None else lambda w: build(w).catch(error, []),
            passes_errors=self.passes_errors,
            ahead=self.ahead,
        )
        if operate_with is not None:
            step.operate_with, step.f = lambda call: lambda s: operate_with(call)(s).catch(error, []), self.f
        return step

    def __repr__(self) -> str:
        return self.label


class Entry:
    """
    An operator in the registry.

    Attributes:
        steps: The strategy of its arguments.
        items: What it can be given.
        takes_anything: Whether it takes whatever another operator gives, so that random pipelines may hold it.
        cut: For an operator that is given a body in pieces, what stays however the body is cut (law L11): "same": the
            items; "joined": the items joined into one; "counted": whether it fails, which the bytes alone decide.
    """

    __slots__ = ("cut", "items", "steps", "takes_anything")

    def __init__(
        self,
        steps: st.SearchStrategy[Step],
        items: st.SearchStrategy[list[Any]] | None = None,
        cut: Literal["same", "joined", "counted"] | None = None,
    ) -> None:
        """
        Take the strategies; *items* of None are small integers, and any other items do too.
        """
        self.steps: st.SearchStrategy[Step] = steps
        self.takes_anything: bool = items is None
        self.items: st.SearchStrategy[list[Any]] = plain_items() if items is None else items
        self.cut: Literal["same", "joined", "counted"] | None = cut


def _never(_: Sequence[Any]) -> bool:
    return False


ENTRIES: dict[str, Entry] = {}
"""
The registry: an operator's name, and what is known of it.
"""


def register(
    name: str,
    steps: st.SearchStrategy[Step],
    items: st.SearchStrategy[list[Any]] | None = None,
    *,
    cut: Literal["same", "joined", "counted"] | None = None,
) -> None:
    """
    Add an operator to the registry, so that `arguments` and `pipelines` know it.

    Args:
        name: Its name; a name that is there already is replaced.
        steps: Draws its arguments.
        items: Draws what it can be given; None where it takes any items.
        cut: For an operator that is given a body in pieces, what stays however it is cut; see `Entry`.
    """
    ENTRIES[name] = Entry(steps, items, cut)


def arguments(name: str) -> st.SearchStrategy[Step]:
    """
    The operator *name* with arguments of every kind.

    Raises:
        KeyError: If no operator of this name was registered; the message lists those there are.
    """
    if name not in ENTRIES:
        raise KeyError(f"no strategy for {name!r}; there are {', '.join(sorted(ENTRIES))}")
    return ENTRIES[name].steps


def weigh(value: Any) -> int:
    """
    A small number that any item has, equal items the same.
    """
    if isinstance(value, int):
        return value % 97
    if isinstance(value, (str, bytes)):
        return sum(value if isinstance(value, bytes) else map(ord, value)) % 97
    if isinstance(value, (tuple, list)):
        return sum(weigh(part) * at for at, part in enumerate(value, 1)) % 97  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return weigh(repr(value))
