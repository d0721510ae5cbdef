"""
What does framing one small piece of text for a chat UI cost beside its JSON alone?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from benchmarks.report import Row, at_most, interleave
from jaystream import AgUiEncoder, AiSdkEncoder, OpenAiEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS: dict[str, Callable[[], Any]] = {
    "format_ai_sdk": AiSdkEncoder,
    "format_ag_ui": AgUiEncoder,
    "format_openai": OpenAiEncoder,
}
NAMES = tuple(f"{name} of a piece of text" for name in FORMATS)
CHUNK: dict[str, Any] = {"type": "text", "content": "Hello"}


def run(*, short: bool) -> list[Row]:
    size, repeats = (20_000, 9) if short else (100_000, 25)

    def framing(make: Callable[[], Any]) -> Callable[[], None]:
        encode = make().encode

        def frames() -> None:
            for _ in range(size):
                encode(CHUNK)

        return frames

    def json_alone() -> None:
        for _ in range(size):
            to_json(CHUNK)

    *ours, alone = (
        1e6 * seconds / size for seconds in interleave(*map(framing, FORMATS.values()), json_alone, repeats=repeats)
    )
    return [at_most(name, framed, "pydantic_core.to_json", alone, 2) for name, framed in zip(NAMES, ours, strict=True)]
