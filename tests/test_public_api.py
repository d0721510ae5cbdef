"""
What public means: in a sorted ``__all__``, importable, documented, and shown under a public module's name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

import jaystream

if TYPE_CHECKING:
    from collections.abc import Iterator

# running it is what importing it does
NOT_IMPORTED = {"jaystream.__main__"}


def public_modules() -> list[str]:
    """
    Every module whose path has no underscore in front of a part.
    """
    found = ["jaystream"]
    for info in pkgutil.walk_packages(jaystream.__path__, "jaystream."):
        private = any(part.startswith("_") for part in info.name.split("."))
        if not private and info.name not in NOT_IMPORTED:
            found.append(info.name)
    return found


def names_of(module: str) -> tuple[str, ...]:
    """
    A module's ``__all__``; one that cannot be imported fails in `TestModules`, not here, where it would end the run.
    """
    try:
        return tuple(getattr(importlib.import_module(module), "__all__", ()))
    except Exception:
        return ()


def public_names() -> list[tuple[str, str]]:
    """
    Every name in an ``__all__``, with its module.
    """
    return [(module, name) for module in public_modules() for name in names_of(module)]


def order(name: str) -> tuple[int, str]:
    """
    How ``__all__`` is sorted: constants, classes, the rest, as the linter does it.
    """
    if name.isupper():
        return 0, name
    return (1 if name.lstrip("_")[:1].isupper() else 2), name


def members_of(owner: type[Any]) -> Iterator[tuple[str, Any]]:
    """
    The public functions and properties that a class of ours defines or inherits from one of ours.
    """
    for name in dir(owner):
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(owner, name)
        function = getattr(member, "fget", None) or getattr(member, "__func__", None) or member
        if inspect.isfunction(function) and function.__module__.startswith("jaystream"):
            yield name, function


def operators_and_sinks() -> list[tuple[str, Any]]:
    """
    The stream's methods that come from the rooms of operators and sinks, properties aside.
    """
    if find_spec("jaystream.stream") is None:
        return []
    stream = importlib.import_module("jaystream.stream").JaypieStream
    return [
        (name, function)
        for name, function in members_of(stream)
        if function.__module__.startswith(("jaystream.operators", "jaystream.sinks"))
        and not isinstance(inspect.getattr_static(stream, name), property)
    ]


@pytest.mark.parametrize("module", public_modules())
class TestModules:
    """
    Each public module.
    """

    def test_docstring(self, module: str) -> None:
        """
        It says what lives in it.
        """
        assert (importlib.import_module(module).__doc__ or "").strip()

    def test_all(self, module: str) -> None:
        """
        Its ``__all__`` is sorted, has no name twice, and none that is private.
        """
        names = list(getattr(importlib.import_module(module), "__all__", []))
        assert sorted(set(names), key=order) == names
        assert [] == [name for name in names if name.startswith("_") and name != "__version__"]


@pytest.mark.parametrize(("module", "name"), public_names())
class TestNames:
    """
    Each public name.
    """

    def test_importable(self, module: str, name: str) -> None:
        """
        It is there, though it may be loaded only now, and `dir` shows it.
        """
        home = importlib.import_module(module)
        assert hasattr(home, name)
        assert name in dir(home)

    def test_documented(self, module: str, name: str) -> None:
        """
        Classes and functions have a docstring, and so has each of a class's public methods.
        """
        found = getattr(importlib.import_module(module), name)
        if not (inspect.isclass(found) or inspect.isfunction(found)):
            return
        # __dict__: a class inherits its parent's docstring, which says nothing of it
        assert found.__dict__.get("__doc__") if inspect.isclass(found) else found.__doc__, f"{module}.{name}"
        if inspect.isclass(found):
            bare = [member for member, function in members_of(found) if not (function.__doc__ or "").strip()]
            assert [] == bare

    def test_public_module(self, module: str, name: str) -> None:
        """
        Tracebacks and pickles show it under a public module, where it can be imported from.
        """
        found = getattr(importlib.import_module(module), name)
        if not (inspect.isclass(found) or inspect.isfunction(found)) or not found.__module__.startswith("jaystream"):
            return
        assert not any(part.startswith("_") for part in found.__module__.split(".")), found.__module__
        assert getattr(importlib.import_module(found.__module__), found.__name__) is found


@pytest.mark.parametrize(
    ("name", "function"), operators_and_sinks(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_flow_section(name: str, function: Any) -> None:
    """
    Every operator and sink says how items, errors and cancellation flow through it.
    """
    lines = [line.strip() for line in inspect.cleandoc(function.__doc__ or "").splitlines()]
    assert "Flow:" in lines, name


def test_top_level() -> None:
    """
    The package has a version and its names.
    """
    assert jaystream.__version__.count(".") == 2
    assert jaystream.__all__
