"""
What an import may load: the kernel, operators, formats and sinks, when one of their names is asked for; nothing that
belongs to an extra or is costly.
"""

from __future__ import annotations

import json
import os
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

DEAR = {
    "dataclasses",
    "email",
    "enum",
    "http",
    "mimetypes",
    "pathlib",
    "platform",
    "random",
    "tempfile",
    "urllib",
    "uuid",
}
"""Of the standard library: a millisecond or more each, so anyio and asyncio may bring them, and we may not."""


def loaded_by(statement: str) -> set[str]:
    """
    The modules that a fresh interpreter has after *statement*, and had not before.
    """
    code = f"import json, sys; old = set(sys.modules); {statement}; print(json.dumps(sorted(set(sys.modules) - old)))"
    # coverage would begin in that interpreter too, and bring modules of its own
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


USED = "from jaystream import JaypieStream"
"""The names are loaded one by one, and this one needs the kernel, every operator, every sink and their formats."""


class TestImportCost:
    """
    Each in an interpreter of its own.
    """

    @pytest.mark.parametrize("statement", [USED, "import jaystream.testing"])
    def test_loads_nothing_costly(self, statement: str) -> None:
        """
        No data models, HTTP library, framework, SDK or test library comes along.
        """
        assert set() == loaded_by(statement) & COSTLY

    def test_loads_what_is_asked_for(self) -> None:
        """
        The package alone brings none of its rooms: a Lambda function pays at its cold start for what it uses.
        """
        ours = {module for module in loaded_by("import jaystream") if module.startswith("jaystream")}
        assert {"jaystream", "jaystream._version"} == ours

    def test_adds_nothing_dear(self) -> None:
        """
        What takes long in the standard library is left to those who use it.
        """
        assert set() == (loaded_by(USED) - loaded_by("import anyio, asyncio")) & DEAR

    def test_adapters_load_no_sdk(self) -> None:
        """
        Reading what SDKs give needs none of them, and no data models; one provider's adapter loads no other.
        """
        loaded = loaded_by("from jaystream import from_llm")
        assert set() == loaded & (COSTLY - {"pydantic_core"})
        others = {"jaystream.llm.google", "jaystream.llm.anthropic", "jaystream.llm.langchain", "jaystream.llm.loop"}
        assert others - {"jaystream.llm.loop"} <= loaded
        assert set() == loaded_by("from jaystream import from_bedrock") & others

    def test_sees_what_is_loaded(self) -> None:
        """
        The check does see a costly module where there is one.
        """
        assert {"pydantic", "pydantic_core"} <= loaded_by("import pydantic") & COSTLY
        assert {"platform", "uuid"} <= loaded_by("import platform, uuid") & DEAR

    def test_every_public_name(self) -> None:
        """
        Names that need more are loaded when they are first asked for, so a star import brings them and the plain
        import does not.
        """
        assert loaded_by(USED) <= loaded_by("from jaystream import *")

    @pytest.mark.parametrize("name", ["Emitter(1).stream", "merge([1], [2])"])
    def test_source_comes_first(self, name: str) -> None:
        """
        What makes a stream brings the class of streams, though nobody has asked for that.
        """
        assert "jaystream.stream" in loaded_by(f"import jaystream; jaystream.{name}")
