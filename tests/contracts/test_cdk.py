"""
The CDK construct, by what CDK itself makes of it: the template that CloudFormation gets.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.aws.cdk import LAYER, streaming_function

if TYPE_CHECKING:
    from collections.abc import Callable

HAS_CDK = importlib.util.find_spec("aws_cdk") is not None


@pytest.mark.skipif(HAS_CDK, reason="CDK is installed")
def test_not_installed() -> None:
    """
    Without CDK there is an error that says how to install it.
    """
    with pytest.raises(ImportError, match=r"pip install 'jaystream\[cdk\]'"):
        streaming_function(None, "Ask", code=".", handler="app.handler")


@pytest.mark.skipif(not HAS_CDK, reason="needs aws-cdk-lib, which is not installed")
@pytest.mark.program("node")
@pytest.mark.timeout(300)
class TestTemplate:
    """
    What CloudFormation gets.
    """

    @pytest.fixture
    def synthesized(self, tmp_path: Path) -> Callable[..., tuple[dict[str, list[Any]], Path]]:
        """
        Make a stack with one function; gives its resources' properties by type, and the folder of the assembly.
        """
        cdk: Any = importlib.import_module("aws_cdk")
        code = tmp_path / "code"
        code.mkdir()
        (code / "app.py").write_text("handler = None\n", encoding="utf-8")

        def make(**options: Any) -> tuple[dict[str, list[Any]], Path]:
            app = cdk.App(outdir=str(tmp_path / "out"))
            stack = cdk.Stack(app, "Stack")
            streaming_function(stack, "Ask", code=code, handler="app.handler", **options)
            template = app.synth().get_stack_by_name("Stack").template
            found: dict[str, list[Any]] = {}
            for resource in template["Resources"].values():
                found.setdefault(resource["Type"], []).append(resource["Properties"])
            return found, tmp_path / "out"

        return make

    def test_function_and_url(self, synthesized: Callable[..., Any]) -> None:
        """
        A managed Python with the wrapper of its layer, and a URL that streams to who signs.
        """
        found, folder = synthesized(memory_size=512, environment={"A": "1"})
        (function,) = found["AWS::Lambda::Function"]
        assert ("python3.13", "app.handler", 300, 512) == (
            function["Runtime"],
            function["Handler"],
            function["Timeout"],
            function["MemorySize"],
        )
        assert {"A": "1", "AWS_LAMBDA_EXEC_WRAPPER": "/opt/jaystream/wrapper"} == function["Environment"]["Variables"]
        assert 1 == len(function["Layers"])
        (url,) = found["AWS::Lambda::Url"]
        assert ("RESPONSE_STREAM", "AWS_IAM") == (url["InvokeMode"], url["AuthType"])
        assert "AWS::ApiGateway::RestApi" not in found
        # the layer as it is packed: the wrapper stands where the variable says, and can be run
        wrappers = [path for path in folder.glob("asset.*/jaystream/wrapper") if path.stat().st_mode & 0o111]
        assert [(LAYER / "jaystream" / "wrapper").read_bytes()] == [path.read_bytes() for path in wrappers]

    def test_public_url(self, synthesized: Callable[..., Any]) -> None:
        """
        A URL for everybody has both permissions that such a URL needs.
        """
        found, _ = synthesized(url="none")
        assert "NONE" == found["AWS::Lambda::Url"][0]["AuthType"]
        actions = {permission["Action"] for permission in found["AWS::Lambda::Permission"]}
        assert {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"} == actions

    def test_rest(self, synthesized: Callable[..., Any]) -> None:
        """
        A REST API that streams every request's answer.
        """
        found, _ = synthesized(url=None, rest=True)
        assert "AWS::Lambda::Url" not in found
        methods = found["AWS::ApiGateway::Method"]
        assert 2 == len(methods)
        for method in methods:
            integration = method["Integration"]
            assert ("ANY", "AWS_PROXY", "STREAM") == (
                method["HttpMethod"],
                integration["Type"],
                integration["ResponseTransferMode"],
            )
            assert "/response-streaming-invocations" in str(integration["Uri"])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"url": "open"}, "must be 'iam', 'none' or None, not 'open'"),
            ({"timeout": 0}, "must be above 0 seconds, not 0"),
            ({"environment": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/own"}}, "sets AWS_LAMBDA_EXEC_WRAPPER itself"),
        ],
    )
    def test_refused(self, synthesized: Callable[..., Any], options: dict[str, Any], message: str) -> None:
        """
        What cannot be is refused where it is written.
        """
        with pytest.raises(ValueError, match=message):
            synthesized(**options)
