"""
What an import may load: the kernel, operators, formats and sinks; nothing that belongs to an extra or is costly.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

COSTLY = {
    "aiohttp",
    "aiostream",
    "anthropic",
    "aws_cdk",
    "boto3",
    "botocore",
    "django",
    "fastapi",
    "h11",
    "http.client",
    "httpx",
    "hypothesis",
    "litestar",
    "openai",
    "pydantic",
    "pydantic_ai",
    "pydantic_core",
    "pytest",
    "redis",
    "requests",
    "starlette",
    "urllib.request",
    "uvicorn",
    "uvloop",
}


def loaded_by(statement: str) -> set[str]:
    """
    The modules that a fresh interpreter has after *statement*, and had not before.
    """
    code = f"import json, sys; old = set(sys.modules); {statement}; print(json.dumps(sorted(set(sys.modules) - old)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


class TestImportCost:
    """
    Each in an interpreter of its own.
    """

    @pytest.mark.parametrize("module", ["jaystream", "jaystream.testing"])
    def test_loads_nothing_costly(self, module: str) -> None:
        """
        No data models, HTTP library, framework, SDK or test library comes along.
        """
        assert set() == loaded_by(f"import {module}") & COSTLY

    def test_sees_what_is_loaded(self) -> None:
        """
        The check does see a costly module where there is one.
        """
        assert {"pydantic", "pydantic_core"} <= loaded_by("import pydantic") & COSTLY

    def test_every_public_name(self) -> None:
        """
        Names that need more are loaded when they are first asked for, so a star import brings them and the plain
        import does not.
        """
        assert loaded_by("import jaystream") <= loaded_by("from jaystream import *")
