"""
Secrets: what the environment names, fetched into it before a handler runs.

No value of a secret stands in a log or in an error.
"""

from __future__ import annotations

import os
from asyncio import gather
from collections.abc import Iterable
from typing import Any

from jaystream._core.inspecting import is_a
from jaystream._core.threads import in_thread
from jaystream.errors import ConfigurationError
from jaystream.handlers.boto import client
from jaystream.handlers.extension import ExtensionError, ask_extension
from jaystream.handlers.log import log
from jaystream.handlers.redaction import remember

__all__ = ["get_secret", "load_secrets"]


async def get_secret(name: str) -> str | None:
    """
    Find a secret: Jaypie's `getEnvSecret`.

    Where ``SECRET_NAME`` or ``NAME_SECRET`` is in the environment, it is the id of a secret of AWS Secrets Manager: the
    Parameters and Secrets extension is asked for it, then, if boto3 is installed, Secrets Manager itself. Else the
    secret is the value of ``NAME``.

    Args:
        name: The secret's name, such as ``"ANTHROPIC_API_KEY"``.

    Returns:
        The secret, None where there is none of this name.

    Raises:
        ConfigurationError: If there is an id, and no value can be had for it.
    """
    if not name:
        raise ConfigurationError("No secret name provided")
    identity = os.environ.get(f"SECRET_{name}") or os.environ.get(f"{name}_SECRET")
    if not identity:
        return os.environ.get(name) or None
    token = os.environ.get("AWS_SESSION_TOKEN")
    if not token:
        raise ConfigurationError("No AWS_SESSION_TOKEN available")
    try:
        value = _string_in(await ask_extension("/secretsmanager/get", token, secretId=identity))
    except ExtensionError as error:
        log.debug("the extension has not given %s: %s", name, error)
        value = None
    if value is None:
        try:
            value = _string_in(await in_thread(_from_manager, identity))
        except Exception as error:
            raise ConfigurationError(f'Secret fetch failed for "{name}" via AWS SDK') from error
    if value is None:
        raise ConfigurationError(f'Secret fetch failed for "{name}" via AWS SDK')
    remember(value)
    return value


async def load_secrets(*names: str | Iterable[str]) -> None:
    """
    Find secrets, all at once, and put each into the environment under its name: Jaypie's `loadEnvSecrets`.

    Args:
        names: Names, or lists of them. Of one that is not there the environment stays as it is.

    Raises:
        ConfigurationError: As `get_secret`; the others have been loaded then.
    """
    wanted: list[str] = []
    for each in names:
        wanted += [each] if isinstance(each, str) else each
    results = await gather(*(get_secret(name) for name in wanted), return_exceptions=True)
    failures: list[BaseException] = []
    for name, result in zip(wanted, results, strict=True):
        if isinstance(result, BaseException):
            failures.append(result)
        elif result is not None:
            remember(result)
            os.environ[name] = result
            log.debug("loaded secret %s", name, extra={"var": {f"loadedSecret:{name}": True}})
    for failure in failures:
        raise failure


def _from_manager(identity: str) -> Any:
    return client("secretsmanager").get_secret_value(SecretId=identity)


def _string_in(answer: Any) -> str | None:
    value: object = answer.get("SecretString") if is_a(answer, dict) else None
    return value if isinstance(value, str) else None
