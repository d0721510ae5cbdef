"""
The direction of imports: a module imports only from its own room and from rooms above it, and there is no cycle.

Imports inside functions count, since they are dependencies all the same; those under ``TYPE_CHECKING`` do not.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "jaystream"

ROOMS = [
    "_version",
    "errors",
    "_core",
    "formats",
    "operators",
    "sources",
    "sinks",
    "integrations",
    "stream",
    # the package's own name: what a user imports. Its __init__ may import from anywhere, lazily
    "",
    "llm",
    "handlers",
    "aws",
    "testing",
    "demo",
    "cli",
    "__main__",
]


def modules_of(package: Path) -> dict[str, Path]:
    """
    Every module below *package*, by its full name.
    """
    found: dict[str, Path] = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: str) -> str:
    """
    The room a module is in: the part after the package's name.
    """
    return module.split(".")[1] if "." in module else ""


class ImportCollector(ast.NodeVisitor):
    """
    Collects the modules of one package that a module imports when it runs.
    """

    def __init__(self, module: str, *, is_package: bool, known: set[str]) -> None:
        self.found: dict[str, int] = {}
        self._base = module.split(".") if is_package else module.split(".")[:-1]
        self._root = module.split(".", maxsplit=1)[0]
        self._known = known

    def visit_If(self, node: ast.If) -> None:
        """
        Leave out what only type checkers read.
        """
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for other in node.orelse:
                self.visit(other)
            return
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """
        ``import a.b``.
        """
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """
        ``from a import b``: b may be a module or a name in a.
        """
        base = self._base[: len(self._base) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            full = f"{source}.{alias.name}"
            self._add(full if full in self._known else source, node.lineno)

    def _add(self, name: str, line: int) -> None:
        if name == self._root or name.startswith(f"{self._root}."):
            self.found.setdefault(name, line)


def imports_of(package: Path) -> dict[str, dict[str, int]]:
    """
    For each module the package's own modules it imports, with the line.
    """
    modules = modules_of(package)
    graph: dict[str, dict[str, int]] = {}
    for name, path in modules.items():
        collector = ImportCollector(name, is_package=path.name == "__init__.py", known=set(modules))
        collector.visit(ast.parse(path.read_text(encoding="utf-8")))
        graph[name] = collector.found
    return graph


def faults_of(module: str, imported: dict[str, int]) -> list[str]:
    """
    The imports of *module* that go downwards, one line each.
    """
    own = room_of(module)
    if own == "":
        return []
    if own not in ROOMS:
        return [f"{module} is in no room: add {own!r} to the architecture and to ROOMS"]
    return [
        f"{module}:{line} imports {target}, which is below it"
        for target, line in imported.items()
        if room_of(target) not in ROOMS or ROOMS.index(room_of(target)) > ROOMS.index(own)
    ]


def cycle_in(graph: dict[str, dict[str, int]]) -> list[str]:
    """
    One cycle of imports, as the modules along it; empty if there is none.
    """
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in graph.get(module, {}):
            if found := walk(target, [*path, module]):
                return found
        done.add(module)
        return []

    for module in graph:
        if found := walk(module, []):
            return found
    return []


GRAPH = imports_of(PACKAGE)


class TestLayers:
    """
    The package as it is.
    """

    @pytest.mark.parametrize("module", sorted(GRAPH))
    def test_imports_go_upwards(self, module: str) -> None:
        """
        No module imports from a room below its own.
        """
        assert [] == faults_of(module, GRAPH[module])

    def test_no_cycle(self) -> None:
        """
        No module imports itself by a detour, not even inside a function. The root is left out: it gathers the names.
        """
        graph = {
            module: {target: line for target, line in imported.items() if target != "jaystream"}
            for module, imported in GRAPH.items()
            if module != "jaystream"
        }
        assert [] == cycle_in(graph)


class TestChecker:
    """
    The checker itself, on planted trees.
    """

    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        """
        A small package with nothing wrong.
        """
        root = tmp_path / "jaystream"
        for name, text in {
            "__init__.py": "from jaystream.stream import S",
            "errors.py": "",
            "_core/__init__.py": "",
            "_core/plan.py": "from jaystream.errors import E\nfrom . import run",
            "_core/run.py": "import asyncio",
            "stream.py": "from jaystream._core import plan",
            "demo/__init__.py": "from jaystream import S",
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    def faults(self, package: Path) -> list[str]:
        """
        Every fault in *package*.
        """
        return [fault for module, imported in imports_of(package).items() for fault in faults_of(module, imported)]

    def test_clean(self, package: Path) -> None:
        """
        Nothing wrong, nothing found; relative imports are understood.
        """
        assert [] == self.faults(package)
        assert {"jaystream.errors": 1, "jaystream._core.run": 2} == imports_of(package)["jaystream._core.plan"]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("from jaystream.stream import S", 1),
            ("import jaystream.stream", 1),
            ("from jaystream import stream", 1),
            ("def f():\n    from jaystream.stream import S", 2),
            ("from .. import stream", 1),
            ("if TYPE_CHECKING:\n    pass\nelse:\n    import jaystream.stream", 4),
        ],
    )
    def test_downward_import(self, package: Path, text: str, line: int) -> None:
        """
        An import from below is found in each of its forms.
        """
        (package / "_core" / "run.py").write_text(text)
        assert [f"jaystream._core.run:{line} imports jaystream.stream, which is below it"] == self.faults(package)

    def test_type_checking(self, package: Path) -> None:
        """
        What only type checkers read is left out.
        """
        (package / "_core" / "run.py").write_text("if TYPE_CHECKING:\n    from jaystream.stream import S")
        assert [] == self.faults(package)

    def test_unknown_room(self, package: Path) -> None:
        """
        A module outside every room is a fault.
        """
        (package / "utils.py").write_text("")
        assert ["jaystream.utils is in no room: add 'utils' to the architecture and to ROOMS"] == self.faults(package)

    def test_cycle(self, package: Path) -> None:
        """
        A cycle is found, through a function too.
        """
        (package / "_core" / "run.py").write_text("def f():\n    from jaystream._core import plan")
        expected = ["jaystream._core.plan", "jaystream._core.run", "jaystream._core.plan"]
        assert expected == cycle_in({k: v for k, v in imports_of(package).items() if k.startswith("jaystream._core.")})
