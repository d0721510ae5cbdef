from typing import Any

# it has no types
import boto3 as untyped  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs]

boto3: Any = untyped

# isort: split
import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.testing import emulator


def plain(event: dict[str, str], context: object) -> dict[str, str]:
    return {"hello": event["name"]}


async def words(*all_of_them: str) -> AsyncIterator[str]:
    for word in all_of_them:
        yield word
        await asyncio.sleep(0.05)


@lambda_stream_handler
async def stream(event: dict[str, str], context: object) -> JaypieStream[str]:
    return JaypieStream(words("hello", event["name"]))


def client_of(endpoint_url: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client("lambda", endpoint_url=endpoint_url, region_name="us-east-1", **keys)


if __name__ == "__main__":
    folder = Path(__file__).parent
    payload = json.dumps({"name": "you"})

    with emulator("lambda_local_boto3.plain", folder=folder) as function:
        answer = client_of(function.endpoint_url).invoke(FunctionName="function", Payload=payload)
        print(json.load(answer["Payload"]))

    with emulator("lambda_local_boto3.stream", folder=folder) as function:
        client = client_of(function.endpoint_url)
        answer = client.invoke_with_response_stream(FunctionName="function", Payload=payload)
        for event in answer["EventStream"]:
            print(event)
