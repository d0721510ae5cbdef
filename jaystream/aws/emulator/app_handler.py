"""
What the runtime is given as its handler when an ASGI app is emulated: `handler` serves the app that is named in the
environment. It is imported in the runtime's process only.
"""

from __future__ import annotations

import os
from typing import Any

from jaystream._core.inspecting import describe
from jaystream.aws.asgi_app import LambdaAsgiHandler, create_lambda_stream_handler
from jaystream.aws.emulator.settings import APP_VARIABLE
from jaystream.aws.runtime.faults import FaultError
from jaystream.aws.runtime.loading import load_module


def load(name: str) -> Any:
    """
    Import an app by its name, `module:app`.

    Raises:
        FaultError: If there is no such module, or nothing in it that could be an app.
    """
    module, _, attribute = name.partition(":")
    app = load_module(module)
    for part in attribute.split("."):
        try:
            app = getattr(app, part)
        except AttributeError as error:
            message = f"App '{attribute}' missing on module '{module}'"
            raise FaultError("Runtime.HandlerNotFound", message) from error
    if not callable(app):
        message = f"App '{attribute}' on module '{module}' is no ASGI app, which could be called, but {describe(app)}"
        raise FaultError("Runtime.HandlerNotFound", message)
    return app


if (_name := os.environ.get(APP_VARIABLE)) is not None:
    handler: LambdaAsgiHandler = create_lambda_stream_handler(load(_name))
