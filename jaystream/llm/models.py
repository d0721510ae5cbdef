"""
Which model is meant, and making it: names of providers, their packages, and where their keys are looked for.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from jaystream._core.inspecting import describe
from jaystream.llm.failures import misconfigured

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from jaystream.llm.script import Script

__all__ = ["PROVIDERS", "ModelSource"]


class Provider(NamedTuple):
    """
    What there is to know of a provider.

    Attributes:
        module: pydantic-ai's, which brings the SDK.
        extra: The extra of pydantic-ai-slim with that SDK.
        need: What must be in the environment.
        model: The model where none is named; None where there is none that everybody would expect.
    """

    module: str
    extra: str
    need: str
    model: str | None


PROVIDERS: Final[dict[str, Provider]] = {
    "anthropic": Provider("anthropic", "anthropic", "ANTHROPIC_API_KEY", "claude-sonnet-5-5"),
    "openai": Provider("openai", "openai", "OPENAI_API_KEY", "gpt-6-luna"),
    "google": Provider("google", "google", "GOOGLE_API_KEY", "gemini-3.8-flash"),
    "bedrock": Provider("bedrock", "bedrock", "AWS_DEFAULT_REGION", "global.anthropic.claude-sonnet-5-5"),
    "openrouter": Provider("openrouter", "openrouter", "OPENROUTER_API_KEY", None),
    "groq": Provider("groq", "groq", "GROQ_API_KEY", "openai/gpt-oss-120b"),
    "mistral": Provider("mistral", "mistral", "MISTRAL_API_KEY", "mistral-large-latest"),
}
"""
The providers by name.
"""

TEST: Final = "test"

# Models that say by their names whose they are.
_PREFIXES: Final = {
    "claude-": "anthropic",
    "gpt-": "openai",
    "gemini-": "google",
    "mistral-": "mistral",
    "magistral-": "mistral",
    "ministral-": "mistral",
    "codestral-": "mistral",
}


class ModelSource:
    """
    A model that is named now and made when it is first asked for: only then are its keys looked for.

    Args:
        provider: A provider's name, ``"provider:model"``, a model's name that says whose it is, ``"test"``, or a model
            of pydantic-ai.
        model: The model's name, where *provider* is a provider's.
        script: What the offline model says.

    Raises:
        ImportError: At this call, if a package is missing; the message says how to install it.
        TypeError: At this call, if the arguments do not go together.
        ValueError: At this call, if there is no such provider, or no model is named.
    """

    __slots__ = ("_model", "_script", "model", "provider")

    def __init__(self, provider: str | Model, model: str | None, script: Script | None) -> None:
        models = _imported("pydantic_ai.models", "pip install 'jaystream[llm]'", "pydantic-ai-slim")
        self._script = script
        self._model: Model | None = None
        if isinstance(provider, models.Model):
            if model is not None:
                raise TypeError(f"model={model!r} goes with a provider's name; {describe(provider)} is a model already")
            given = cast("Model", provider)
            self._model = given
            source, name = given.system, given.model_name
        elif isinstance(cast("object", provider), str):
            source, name = _named(cast("str", provider), model)
        else:
            raise TypeError(f"Llm() expects the name of a provider or a model of pydantic-ai, not {describe(provider)}")
        self.provider: str = source
        self.model: str = name
        if script is not None and self.provider != TEST:
            raise TypeError(f'script= is for Llm("test"); {self.provider} says what it likes')
        if self.provider == TEST and self._model is None:
            from jaystream.llm.script import offline  # noqa: PLC0415 - the test's model alone

            self._model = offline(script)
        elif self._model is None:
            extra = PROVIDERS[self.provider].extra
            command = f"pip install 'jaystream[llm]' 'pydantic-ai-slim[{extra}]'"
            _imported(
                f"pydantic_ai.models.{PROVIDERS[self.provider].module}", command, f"the package of {self.provider}"
            )

    def get(self) -> Model:
        """
        The model.

        Raises:
            ConfigurationError: If a key is missing.
        """
        if self._model is None:
            from pydantic_ai.exceptions import UserError  # noqa: PLC0415 - an extra
            from pydantic_ai.models import infer_model  # noqa: PLC0415 - see above

            try:
                self._model = infer_model(f"{self.provider}:{self.model}")
            except UserError as error:
                need = PROVIDERS[self.provider].need
                if os.environ.get(need):
                    raise misconfigured(f"{self.provider}:{self.model} cannot be used: {error}") from error
                raise misconfigured(
                    f"{self.provider} cannot be asked: {need} is not set. Set it in the environment, or give Llm() a "
                    "model of pydantic-ai that is set up"
                ) from error
        return self._model

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Model, None]:
        """
        The model with its connections, which the last of those who have it open closes.
        """
        model = self.get()
        async with model:
            yield model


def _named(provider: str, model: str | None) -> tuple[str, str]:
    name, colon, rest = provider.partition(":")
    if colon and name in PROVIDERS:
        if model is not None:
            raise TypeError(f"{provider!r} names a model, and so does model={model!r}")
        model = rest
    elif provider == TEST:
        return TEST, model or TEST
    else:
        name = provider
    if name not in PROVIDERS:
        owner = next((of for prefix, of in _PREFIXES.items() if provider.startswith(prefix)), None)
        if owner is None or model is not None:
            known = ", ".join(map(repr, (*PROVIDERS, TEST)))
            raise ValueError(
                f"there is no provider {provider!r}; there are {known}. A model of another is made with pydantic-ai "
                "and given to Llm() as it is"
            )
        return owner, provider
    model = model or (PROVIDERS[name].model if not colon else None)
    if not model:
        raise ValueError(f"which model of {name}? Llm({f'{name}:...'!r}) or Llm({name!r}, model=...)")
    return name, model


def _imported(module: str, command: str, what: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"Llm needs {what}, which is not installed; install it with: {command}") from error
