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
        ImportError: If there is no such module, or nothing in it that could be an app.
    """
    module, _, attribute = name.partition(":")
    app: Any = import_module(module)
    for part in attribute.split("."):
        try:
            app = getattr(app, part)
        except AttributeError as error:
            raise ImportError(f"{module!r} has no {attribute!r}, which is to be an ASGI app") from error
    if not callable(app):
        raise ImportError(  # noqa: TRY004 - what the runtime tells of as Runtime.ImportModuleError
            f"{name} is no ASGI app, which could be called, but {type(app).__name__}"
        )
    return app


if (_name := os.environ.get(APP_VARIABLE)) is not None:
    handler = create_lambda_stream_handler(load(_name))
