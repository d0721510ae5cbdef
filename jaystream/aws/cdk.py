"""
AWS CDK: a Python function that streams, with what Lambda and the fronts before it have to be told for that.

It needs the extra ``cdk`` and Node.js, which CDK runs on; both are looked for when a function is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

from jaystream._core.stages import check_seconds

__all__ = ["StreamingFunction", "streaming_function"]

LAYER = Path(__file__).with_name("layer")
"""What the layer holds: the wrapper that runs jaystream's runtime."""

WRAPPER = "/opt/jaystream/wrapper"


class StreamingFunction(NamedTuple):
    """
    What `streaming_function` makes.

    Attributes:
        function: The `aws_lambda.Function`.
        url: The `aws_lambda.FunctionUrl`, None without one.
        api: The `aws_apigateway.RestApi`, None without one.
    """

    function: Any
    url: Any
    api: Any


def streaming_function(
    scope: Any,
    id: str,
    *,
    code: Any,
    handler: str,
    url: Literal["none", "iam"] | None = "iam",
    rest: bool = False,
    timeout: float = 300,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> StreamingFunction:
    """
    Define a function on AWS's managed Python that streams: its runtime is jaystream's, by a wrapper in a layer.

    Args:
        scope: The stack, or whatever else the function belongs to.
        id: Its name in there. The URL and the API hang on it.
        code: A folder with the function and all it imports, jaystream too; or an `aws_lambda.Code`.
        handler: ``module.name`` in there.
        url: Who may call the Function URL, whose invoke mode is RESPONSE_STREAM: "iam" for signed requests, "none" for
            everybody; None for no URL.
        rest: Whether to make a REST API, whose transfer mode is STREAM, that gives the function every request.
        timeout: Seconds for one invocation.
        environment: Variables of the function.
        options: All others of `aws_lambda.Function`, such as ``memory_size``; ``layers`` come before ours.

    Raises:
        ImportError: If CDK is not installed, with the command that installs it.
        ValueError: If an argument is out of range.
    """
    try:
        cdk: Any = import_module("aws_cdk")
        lambdas: Any = import_module("aws_cdk.aws_lambda")
    except ImportError as error:
        raise ImportError("streaming_function() needs AWS CDK: pip install 'jaystream[cdk]'") from error
    if url not in {"iam", "none", None}:
        raise ValueError(f"streaming_function(url=) must be 'iam', 'none' or None, not {url!r}")
    check_seconds(timeout, "streaming_function", "timeout")
    given = dict(environment or {})
    if given.setdefault("AWS_LAMBDA_EXEC_WRAPPER", WRAPPER) != WRAPPER:
        raise ValueError("streaming_function() sets AWS_LAMBDA_EXEC_WRAPPER itself; leave it out of the environment")
    layer = lambdas.LayerVersion(
        scope,
        f"{id}Jaystream",
        code=lambdas.Code.from_asset(str(LAYER)),
        description="The wrapper that runs jaystream's runtime",
    )
    options.setdefault("runtime", lambdas.Runtime.PYTHON_3_13)
    function = lambdas.Function(
        scope,
        id,
        code=lambdas.Code.from_asset(str(code)) if isinstance(code, (str, Path)) else code,
        handler=handler,
        timeout=cdk.Duration.seconds(timeout),
        environment=given,
        layers=[*options.pop("layers", ()), layer],
        **options,
    )
    return StreamingFunction(
        function, _add_url(lambdas, function, url), _add_api(scope, id, function) if rest else None
    )


def _add_url(lambdas: Any, function: Any, auth: str | None) -> Any:
    if auth is None:
        return None
    kind = lambdas.FunctionUrlAuthType
    return function.add_function_url(
        auth_type=kind.NONE if auth == "none" else kind.AWS_IAM, invoke_mode=lambdas.InvokeMode.RESPONSE_STREAM
    )


def _add_api(scope: Any, id: str, function: Any) -> Any:
    gateway: Any = import_module("aws_cdk.aws_apigateway")
    integration = gateway.LambdaIntegration(function, response_transfer_mode=gateway.ResponseTransferMode.STREAM)
    api = gateway.RestApi(scope, f"{id}Api")
    api.root.add_method("ANY", integration)
    api.root.add_proxy(default_integration=integration)
    return api
