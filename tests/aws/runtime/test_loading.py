"""
Handlers by name, and what can be wrong with one.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from jaystream.aws.runtime.faults import FaultError
from jaystream.aws.runtime.loading import extend_path, load_handler


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A folder of modules; they are forgotten afterwards.
    """
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    (tmp_path / "loaded").mkdir()
    (tmp_path / "loaded" / "__init__.py").write_text("")
    (tmp_path / "loaded" / "good.py").write_text("def handler(event, context): ...\nnumber = 3\n")
    (tmp_path / "loaded" / "needy.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "loaded" / "wrong.py").write_text("def handler(:\n")
    (tmp_path / "loaded" / "raising.py").write_text("raise LookupError('at import')\n")
    for name in [name for name in sys.modules if name.split(".")[0] == "loaded"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


class TestLoading:
    """
    With Lambda's words.
    """

    @pytest.mark.parametrize("name", ["loaded.good.handler", "loaded/good.handler"])
    def test_found(self, folder: Path, name: str) -> None:
        """
        By dots, or by slashes as in a path.
        """
        assert "handler" == load_handler(name).__name__

    @pytest.mark.parametrize(
        ("name", "kind", "message"),
        [
            ("handler", "Runtime.MalformedHandlerName", "Bad handler 'handler': "),
            ("sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
            ("missing.handler", "Runtime.ImportModuleError", "Unable to import module 'missing': No module named"),
            ("loaded.needy.handler", "Runtime.ImportModuleError", "No module named 'no_such_module_at_all'"),
            ("loaded.wrong.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'loaded.wrong': "),
            ("loaded.good.nobody", "Runtime.HandlerNotFound", "Handler 'nobody' missing on module 'loaded.good'"),
            (
                "loaded.good.number",
                "Runtime.HandlerNotFound",
                "'number' on module 'loaded.good' is no function but int",
            ),
        ],
    )
    def test_faults(self, folder: Path, name: str, kind: str, message: str) -> None:
        """
        Each fault has its name.
        """
        with pytest.raises(FaultError) as caught:
            load_handler(name)
        assert kind == caught.value.kind
        assert message in str(caught.value)

    def test_syntax_error_place(self, folder: Path) -> None:
        """
        A syntax error shows its line.
        """
        with pytest.raises(FaultError) as caught:
            load_handler("loaded.wrong.handler")
        (trace,) = caught.value.trace
        assert 'wrong.py" Line 1\n    def handler(:' in trace

    def test_other_errors(self, folder: Path) -> None:
        """
        What a module raises passes as it is.
        """
        with pytest.raises(LookupError, match="at import"):
            load_handler("loaded.raising.handler")


class TestPath:
    """
    Where modules are looked for.
    """

    def test_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The function's code comes first, the runtime's libraries last; what is not there is left out.
        """
        monkeypatch.setattr(sys, "path", ["x"])
        extend_path({"LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": str(tmp_path)})
        extend_path({"LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/no/such/folder"})
        assert ["/var/task", "x", str(tmp_path)] == sys.path
