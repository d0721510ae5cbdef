"""
What the runtime is given as its handler when an ASGI app is emulated: `handler` serves the app that is named in the
environment. It is imported in the runtime's process only.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from jaystream.aws.asgi_app import create_lambda_stream_handler
from jaystream.aws.emulator.settings import APP_VARIABLE


def load(name: str) -> Any:
    """
    Import an app by its name, `module:app`.

    Raises:
        ImportError: If there is no such module.
        AttributeError: If the module has no such name.
        TypeError: If it is no app.
    """
    module, _, attribute = name.partition(":")
    app: Any = import_module(module)
    for part in attribute.split("."):
        app = getattr(app, part)
    if not callable(app):
        raise TypeError(f"{name} must be an ASGI app, which can be called, not {type(app).__name__}")
    return app


handler = create_lambda_stream_handler(load(os.environ[APP_VARIABLE]))
