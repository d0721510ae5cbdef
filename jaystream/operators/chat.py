"""
Operators that frame the chunks of an answer for chat UIs, and read them from there.

The formats themselves are sans-IO classes in `jaystream.formats`; each is loaded with the first stream that uses it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from jaystream._core.plan import Described, T_co
from jaystream.formats.wire import DEFAULT_LIMIT
from jaystream.operators.text import Decode
from jaystream.operators.wire import Format

if TYPE_CHECKING:
    from jaystream.formats.chunks import Chunk
    from jaystream.stream import JaypieStream

__all__ = ["ChatMixin"]


class ChatMixin(Described[T_co]):
    """
    `format_ai_sdk` and its family.
    """

    __slots__ = ()

    def format_ai_sdk(
        self: ChatMixin[Chunk],
        *,
        message_id: str | None = None,
        sdk: Literal[5, 6] = 6,
        include_usage: bool = False,
    ) -> JaypieStream[bytes]:
        r"""
        Frame the chunks of one answer as a UI message stream of Vercel's AI SDK, which `useChat` reads.

        `str` is text, everything else is a chunk. What is no `LlmChunk` becomes a part `data-{type}` of the message.

        Args:
            message_id: The message's id; a `StartChunk`'s or the client's own without.
            sdk: The client's major version: 5 (from 5.0.92 on), or 6, which a parked tool call asks for an approval.
            include_usage: Send the tokens as `usage` in the message's metadata.

        Raises:
            TypeError: At this call, if *message_id* is no str.
            ValueError: At this call, if *sdk* is another version.
            FormatError: In the run, for items that JSON cannot hold.

        Flow:
            Keeps order, holds one item. Blocks are opened and closed as the chunks ask for it, in whatever order they
            come. At the end come `finish` and `[DONE]`; a sink that stops before it sends `abort`, a failure is an
            `error`. Source: the AI SDK's stream protocol.

        >>> async def main():
        ...     for frame in await JaypieStream.of("Hi").format_ai_sdk().to_list():
        ...         print(frame.decode().replace("\n\n", "\n"), end="")
        >>> asyncio.run(main())
        data: {"type":"start"}
        data: {"type":"start-step"}
        data: {"type":"text-start","id":"1"}
        data: {"type":"text-delta","id":"1","delta":"Hi"}
        data: {"type":"text-end","id":"1"}
        data: {"type":"finish-step"}
        data: {"type":"finish","finishReason":"stop"}
        data: [DONE]
        """
        from jaystream.formats.ai_sdk import AiSdkEncoder  # noqa: PLC0415 - as the module says

        make = partial(AiSdkEncoder, message_id=message_id, sdk=sdk, include_usage=include_usage)
        return self._then(Format("format_ai_sdk", make))

    def format_ag_ui(
        self: ChatMixin[Chunk], *, thread_id: str | None = None, run_id: str | None = None
    ) -> JaypieStream[bytes]:
        r"""
        Frame the chunks of an agent's run as events of the AG-UI protocol, which `@ag-ui/client` reads.

        `str` is text, everything else is a chunk. What is no `LlmChunk` becomes a `CUSTOM` event, and so does a source.

        Args:
            thread_id: The conversation, as the request names it; a new one without.
            run_id: The run, as the request names it; a new one without.

        Raises:
            TypeError: At this call, if an id is no str.
            FormatError: In the run, for items that JSON cannot hold.

        Flow:
            Keeps order, holds one item. Messages are opened and closed as the chunks ask for it, in whatever order
            they come. At the end comes `RUN_FINISHED`, with interrupts for tool calls that are parked; a failure is a
            `RUN_ERROR`, behind which nothing follows, and so is a stop by the sink. Source: AG-UI 1.0.

        >>> async def main():
        ...     frames = await JaypieStream.of("Hi").format_ag_ui(thread_id="t", run_id="r").to_list()
        ...     print(frames[-1].decode().split("\n\n")[-2])
        >>> asyncio.run(main())
        data: {"type":"RUN_FINISHED","threadId":"t","runId":"r","result":{"stopReason":"end"}}
        """
        from jaystream.formats.ag_ui import AgUiEncoder  # noqa: PLC0415 - as the module says

        return self._then(Format("format_ag_ui", partial(AgUiEncoder, thread_id=thread_id, run_id=run_id)))

    def format_openai(
        self: ChatMixin[Chunk],
        *,
        model: str = "",
        id: str | None = None,
        created: int | None = None,
        include_usage: bool = False,
    ) -> JaypieStream[bytes]:
        r"""
        Frame the chunks of one answer as chat completion chunks, which every client of OpenAI's API reads.

        `str` is text, everything else is a chunk. Results of tools, and what is no `LlmChunk`, have no place there and
        are left out.

        Args:
            model: The model that the client is told.
            id: The answer's id; a `StartChunk`'s or a new one without.
            created: When it was begun, in seconds since 1970; now without.
            include_usage: Send the tokens at the end, as `stream_options` of a request may ask for.

        Raises:
            TypeError: At this call, if an argument has the wrong type.
            FormatError: In the run, for items that JSON cannot hold.

        Flow:
            Keeps order, holds one item, gives nothing for what it leaves out. At the end come the finish reason and
            `[DONE]`; a sink that stops before it sends the reason "length", a failure is an error at which clients
            raise, and nothing follows it. Source: OpenAI's API reference.

        >>> async def main():
        ...     frames = await JaypieStream.of("Hi").format_openai(id="c", created=0).to_list()
        ...     print(frames[-1].decode()[-74:].strip().replace("\n\n", "\n"))
        >>> asyncio.run(main())
        "choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
        data: [DONE]
        """
        from jaystream.formats.openai import OpenAiEncoder  # noqa: PLC0415 - as the module says

        make = partial(OpenAiEncoder, model=model, id=id, created=created, include_usage=include_usage)
        return self._then(Format("format_openai", make))

    def parse_ai_sdk(
        self: ChatMixin[bytes] | ChatMixin[str], *, max_event: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[dict[str, Any]]:
        r"""
        Read the chunks of an answer from a UI message stream of the AI SDK: the inverse of `format_ai_sdk`.

        Args:
            max_event: Bytes that an event may have; None for any number.

        Raises:
            ValueError: At this call, if *max_event* is below 1.
            InvalidJsonError: In the run, at an event that is no JSON object.
            FrameTooLargeError: In the run.

        Flow:
            Keeps order, holds one event. Chunks come out the same however the input is cut. Input that ends before
            the answer does gives an `ErrorChunk` and a `DoneChunk` at the end.

        >>> body = b'data: {"type":"text-delta","id":"1","delta":"Hi"}\n\ndata: [DONE]\n\n'
        >>> asyncio.run(JaypieStream.of(body[:20], body[20:]).parse_ai_sdk().to_list())
        [{'type': 'text', 'content': 'Hi'}]
        """
        from jaystream.formats.ai_sdk_decoder import AiSdkDecoder  # noqa: PLC0415 - as the module says

        return self._then(Decode("parse_ai_sdk", partial(AiSdkDecoder, max_event=max_event)))

    def parse_ag_ui(
        self: ChatMixin[bytes] | ChatMixin[str], *, max_event: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[dict[str, Any]]:
        r"""
        Read the chunks of an agent's run from events of the AG-UI protocol: the inverse of `format_ag_ui`.

        Args:
            max_event: Bytes that an event may have; None for any number.

        Raises:
            ValueError: At this call, if *max_event* is below 1.
            InvalidJsonError: In the run, at an event that is no JSON object.
            FrameTooLargeError: In the run.

        Flow:
            Keeps order, holds one event, and the arguments of the tool calls. Chunks come out the same however the
            input is cut. Input that ends before the answer does gives an `ErrorChunk` and a `DoneChunk` at the end.

        >>> body = b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"1","delta":"Hi"}\n\n'
        >>> asyncio.run(JaypieStream.of(body).parse_ag_ui().text().to_list())
        ['Hi']
        """
        from jaystream.formats.ag_ui_decoder import AgUiDecoder  # noqa: PLC0415 - as the module says

        return self._then(Decode("parse_ag_ui", partial(AgUiDecoder, max_event=max_event)))

    def parse_openai(
        self: ChatMixin[bytes] | ChatMixin[str], *, max_event: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[dict[str, Any]]:
        r"""
        Read the chunks of an answer from chat completion chunks, of OpenAI or of a service that speaks its protocol.

        Args:
            max_event: Bytes that an event may have; None for any number.

        Raises:
            ValueError: At this call, if *max_event* is below 1.
            InvalidJsonError: In the run, at an event that is no JSON object.
            FrameTooLargeError: In the run.

        Flow:
            Keeps order, holds one event, and the arguments of the tool calls. Chunks come out the same however the
            input is cut. Input that ends before the answer does gives an `ErrorChunk` and a `DoneChunk` at the end.

        >>> body = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
        >>> asyncio.run(JaypieStream.of(body).parse_openai().text().to_list())
        ['Hi']
        """
        from jaystream.formats.openai_decoder import OpenAiDecoder  # noqa: PLC0415 - as the module says

        return self._then(Decode("parse_openai", partial(OpenAiDecoder, max_event=max_event)))
