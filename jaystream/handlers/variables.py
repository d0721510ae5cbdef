"""
The bundle of variables that the environment points to, for what a function's own environment has no room for.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast
from urllib.parse import urlsplit

from jaystream._core.threads import in_thread
from jaystream.errors import ConfigurationError
from jaystream.handlers.boto import client
from jaystream.handlers.extension import ExtensionError, ask_extension
from jaystream.handlers.log import log

__all__ = ["load_variables"]

_POINTER = "CDK_ENV_VARIABLES"
_bundles: dict[str, dict[str, Any]] = {}


async def load_variables() -> bool:
    """
    Put the bundle of variables into the environment: Jaypie's `loadEnvVariables`.

    ``CDK_ENV_VARIABLES`` says where it is: ``s3://bucket/key``, or else the name of a parameter of AWS Systems Manager,
    which the Parameters and Secrets extension is asked for first. It is a JSON object. Once fetched it is
    kept for the process (calls at once, before that, fetch it each), and a variable that is in the environment already
    stays.

    Returns:
        Whether there is a bundle.

    Raises:
        ConfigurationError: If it cannot be had, or is no JSON object.
    """
    pointer = os.environ.get(_POINTER)
    if not pointer:
        return False
    bundle = _bundles.get(pointer)
    if bundle is None:
        bundle = _bundles[pointer] = _read(pointer, await _fetch(pointer))
    for name, value in bundle.items():
        if name.startswith("SECRET_"):
            log.warning("the variables bundle may not name a secret's id: %s is left out", name)
        elif name not in os.environ:
            os.environ[name] = value if isinstance(value, str) else json.dumps(value)
    return True


async def _fetch(pointer: str) -> str:
    if pointer.startswith("s3://"):
        location = urlsplit(pointer)
        bucket, key = location.netloc, location.path[1:]
        if not bucket or not key:
            raise ConfigurationError(f'Variables pointer "{pointer}" is not a valid s3:// location')
        return await _resolved(pointer, lambda: _from_s3(bucket, key))
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        try:
            found = await ask_extension("/systemsmanager/parameters/get", token, name=pointer)
            value: object = found["Parameter"]["Value"]
            if isinstance(value, str):
                return value
        except (ExtensionError, KeyError, TypeError) as error:
            log.debug("the extension has not given the variables bundle: %s", error)
    return await _resolved(pointer, lambda: _from_parameters(pointer))


async def _resolved(pointer: str, fetch: Any) -> str:
    try:
        return cast("str", await in_thread(fetch))
    except Exception as error:
        raise ConfigurationError(f'Variables bundle at "{pointer}" could not be resolved') from error


def _read(pointer: str, text: str) -> dict[str, Any]:
    try:
        bundle: object = json.loads(text)
    except ValueError:
        raise ConfigurationError(f'Variables bundle at "{pointer}" is not valid JSON') from None
    if not isinstance(bundle, dict):
        raise ConfigurationError(f'Variables bundle at "{pointer}" is not an object')
    return cast("dict[str, Any]", bundle)


def _from_s3(bucket: str, key: str) -> str:
    text: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return text.decode("utf-8")


def _from_parameters(name: str) -> str:
    value: str = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    return value
