"""
What the emulator is told: which function, which runtime, and the limits that AWS would set.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

ACCOUNT = "123456789012"

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What Lambda takes as a function's name."""

Front: TypeAlias = Literal["function-url", "function-url-buffered", "rest", "rest-buffered", "http-api", "alb"]

RUNTIME = (sys.executable, "-m", "jaystream.aws.runtime")

APP_HANDLER = "jaystream.aws.emulator.app_handler.handler"
"""The handler that serves an ASGI app; it finds the app's name in `APP_VARIABLE`."""

APP_VARIABLE = "JAYSTREAM_EMULATED_APP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How a function is emulated.

    Attributes:
        handler: `module.function`, or `module:app` for an ASGI app.
        name: The function's name.
        runtime: The command that runs the runtime; the handler is put behind it, as `_HANDLER` is into its environment.
        front: What is served at `/`.
        concurrency: Environments at most, and so invocations at once.
        timeout: Seconds for one invocation.
        memory: MiB for one environment; what uses more is killed, where the system tells how much that is.
        shaped: Hold streams to AWS's bandwidth: 6 MiB at once, then 2 MiB a second.
        region: The one that the function believes to be in.
        folder: Where the function's code is.
        environment: Variables of the function, over those that are there.
    """

    handler: str
    name: str = "function"
    runtime: Sequence[str] = RUNTIME
    front: Front = "function-url"
    concurrency: int = 10
    timeout: float = 30
    memory: int = 1024
    shaped: bool = False
    region: str = field(
        default_factory=lambda: os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    )
    folder: Path = field(default_factory=Path.cwd)
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """
        Refuse what cannot be run.

        Raises:
            ValueError: With what was expected and what came.
        """
        module, separator, name = self.handler.partition(":")
        if not separator:
            module, separator, name = self.handler.rpartition(".")
        if not (module and separator and name) or ":" in name:
            raise ValueError(f"a handler is 'module.function', or 'module:app' for an ASGI app, not {self.handler!r}")
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name must be 1 to 64 letters, digits, hyphens and underscores, not {self.name!r}")
        if self.front not in get_args(Front):
            raise ValueError(f"front must be one of {', '.join(get_args(Front))}, not {self.front!r}")
        if not self.runtime:
            raise ValueError("runtime must be a command, as ['python', '-m', 'awslambdaric'], and is empty")
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency!r}")
        if not 0 < self.timeout <= 900:
            raise ValueError(f"timeout must be more than 0 and at most 900 seconds, not {self.timeout!r}")
        if self.memory < 16:
            raise ValueError(f"memory must be at least 16 MB, not {self.memory!r}")

    @property
    def arn(self) -> str:
        """
        The function's name in AWS's long form.
        """
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"

    @property
    def command(self) -> list[str]:
        """
        What an environment runs.
        """
        return [*self.runtime, self.variables("", "")["_HANDLER"]]

    def variables(self, address: str, stream: str) -> dict[str, str]:
        """
        The variables of an environment: this process's own, those that AWS sets, and those given.

        Args:
            address: Host and port of its Runtime API.
            stream: The name of its log stream.
        """
        app = ":" in self.handler
        path = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **os.environ,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{'.'.join(platform.python_version_tuple()[:2])}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_REGION": self.region,
            "LAMBDA_RUNTIME_DIR": str(self.folder),
            "LAMBDA_TASK_ROOT": str(self.folder),
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "_HANDLER": APP_HANDLER if app else self.handler,
            **({APP_VARIABLE: self.handler} if app else {}),
            **self.environment,
        }


def command_of(text: str) -> list[str]:
    """
    A command as a shell would cut it; `python` is the one that runs this.

    Raises:
        ValueError: If it is empty, or a quotation in it has no end.
    """
    words = shlex.split(text)
    if not words:
        raise ValueError("a command is expected, as 'python -m awslambdaric'")
    return [sys.executable, *words[1:]] if words[0] == "python" else words
