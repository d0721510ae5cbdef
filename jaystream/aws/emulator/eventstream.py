"""
The framing of `InvokeWithResponseStream`: AWS's event stream, the two messages that Lambda sends. Sans-IO.

    message  = total length, length of headers, CRC of these two, headers, payload, CRC of all before
    header   = length of name, name, 7 for a string, length of value, value
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from struct import pack
from zlib import crc32

MEDIA_TYPE = "application/vnd.amazon.eventstream"

STRING = 7

CHUNK = 1 << 20
"""Bytes of payload in one message; botocore takes up to 24 MiB."""


def payload_chunk(data: bytes) -> bytes:
    """
    Frame a piece of the response's body.

    >>> payload_chunk(b"hello")[-9:].hex()
    '68656c6c6f4fe061f2'
    """
    return b"".join(
        message({":event-type": "PayloadChunk", ":content-type": "application/octet-stream"}, data[at : at + CHUNK])
        for at in range(0, len(data), CHUNK)
    )


def invoke_complete(fields: Mapping[str, str]) -> bytes:
    """
    Frame the end of the response.

    Args:
        fields: `ErrorCode` and `ErrorDetails` after a failure, `LogResult` where it was asked for.
    """
    headers = {":event-type": "InvokeComplete", ":content-type": "application/json"}
    return message(headers, json.dumps(dict(fields), separators=(",", ":")).encode())


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """
    Frame one event.
    """
    block = b"".join(
        pack(">B", len(name)) + name.encode() + pack(">BH", STRING, len(value)) + value.encode()
        for name, value in {":message-type": "event", **headers}.items()
    )
    start = pack(">II", 12 + len(block) + len(payload) + 4, len(block))
    checked = start + pack(">I", crc32(start)) + block + payload
    return checked + pack(">I", crc32(checked))
