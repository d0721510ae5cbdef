"""
From the name of a handler to the handler, with Lambda's words for what can be wrong with it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from jaystream.aws.runtime.faults import FaultError


def load_handler(name: str) -> Any:
    """
    Import what *name* names: ``module.function``, ``package.module.function`` or ``folder/module.function``.

    Raises:
        FaultError: If there is no such handler; it says what is missing.
    """
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        raise FaultError(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    module = load_module(module_name)
    try:
        handler = getattr(module, attribute)
    except AttributeError as error:
        raise FaultError(
            "Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'"
        ) from error
    if not callable(handler):
        kind = type(handler).__name__
        raise FaultError(
            "Runtime.HandlerNotFound",
            f"Handler '{attribute}' on module '{module_name}' is no function but {kind}",
        )
    return handler


def load_module(module_name: str) -> Any:
    """
    Import the function's code.

    Raises:
        FaultError: If there is no such module, if it lacks one, or if it is no Python.
    """
    if module_name.split(".", maxsplit=1)[0] in sys.builtin_module_names:
        raise FaultError(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
        )
    try:
        return importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise FaultError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise FaultError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace
        ) from error


def extend_path(environ: Mapping[str, str]) -> None:
    """
    Look for modules where Lambda's own Python does: the function's code, then layers, then the runtime's libraries.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    task = environ.get("LAMBDA_TASK_ROOT")
    if task and task not in sys.path:
        sys.path.insert(0, task)
    for folder in ("/opt/python", f"/opt/python/lib/python{version}/site-packages", environ.get("LAMBDA_RUNTIME_DIR")):
        if folder and folder not in sys.path and os.path.isdir(folder):  # noqa: PTH112 - pathlib takes milliseconds
            sys.path.append(folder)
