"""
Secrets and variables: from the environment, from a stand-in of the extension, and from a stand-in of AWS.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from moto.server import ThreadedMotoServer

from jaystream import asgi_stream_handler
from jaystream.errors import ConfigurationError
from jaystream.handlers import extension, get_secret, load_secrets, load_variables, variables
from jaystream.handlers.boto import client
from tests.handlers.asking import ask
from tests.handlers.extension_server import TOKEN, ExtensionServer

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE = "hunter2-and-a-few-more"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
GARBAGE = b"garbage\r\n\r\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A function's environment on AWS, with nothing behind it; what a test loads is taken away again.
    """
    with socket.create_server(("localhost", 0)) as closed:
        nobody = str(closed.getsockname()[1])
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(variables, "_bundles", dict[str, Any]())
    monkeypatch.setattr(extension, "FIRST_WAIT", 0.001)
    os.environ.update(
        AWS_SESSION_TOKEN=TOKEN,
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",  # noqa: S106 - an invented one
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_ENDPOINT_URL=f"http://localhost:{nobody}",
        AWS_MAX_ATTEMPTS="1",
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT=nobody,
    )


def setenv(ids: dict[str, str]) -> None:
    """
    Set variables, most of which name the ids of secrets.
    """
    os.environ.update(ids)


@pytest.fixture
def server() -> Iterator[ExtensionServer]:
    """
    The extension.
    """
    with ExtensionServer({"arn:one/a b": VALUE, "two": "value-of-two"}) as running:
        os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] = str(running.port)
        yield running


@pytest.fixture
def aws() -> Iterator[Any]:
    """
    AWS, as far as moto goes.
    """
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    yield client
    moto.stop()


class TestGetSecret:
    """
    The order in which a secret is looked for.
    """

    async def test_plain(self) -> None:
        """
        Without an id it is the variable itself, or nothing.
        """
        os.environ["PLAIN"] = "value"
        assert ("value", None) == (await get_secret("PLAIN"), await get_secret("NOT_THERE"))

    @pytest.mark.parametrize("pointer", ["SECRET_KEY", "KEY_SECRET"])
    async def test_extension(self, server: ExtensionServer, pointer: str) -> None:
        """
        With an id the extension is asked, and wins over a value that is there.
        """
        setenv({pointer: "arn:one/a b", "KEY": "old"})
        assert await get_secret("KEY") == VALUE
        assert ["/secretsmanager/get?secretId=arn%3Aone%2Fa%20b"] == server.asked

    async def test_first_pointer_wins(self, server: ExtensionServer) -> None:
        """
        SECRET_X before X_SECRET.
        """
        setenv({"SECRET_KEY": "two", "KEY_SECRET": "arn:one/a b"})
        assert "value-of-two" == await get_secret("KEY")

    @pytest.mark.parametrize("faults", [[500], [503, 502, 500], [b""], [CUT]])
    async def test_again(self, server: ExtensionServer, faults: list[int | bytes]) -> None:
        """
        What fails for the moment is asked again, three times.
        """
        server.faults += faults
        setenv({"SECRET_KEY": "arn:one/a b"})
        assert await get_secret("KEY") == VALUE
        assert len(faults) + 1 == len(server.asked)

    @pytest.mark.parametrize(("faults", "asked"), [([500] * 4, 4), ([400], 1), ([404], 1), ([GARBAGE] * 4, 4)])
    async def test_gives_up(self, server: ExtensionServer, faults: list[int | bytes], asked: int) -> None:
        """
        After the fourth try, and at once where it says no; then Secrets Manager has the word.
        """
        server.faults += faults
        setenv({"SECRET_KEY": "arn:one/a b"})
        with pytest.raises(ConfigurationError, match=r'^Secret fetch failed for "KEY" via AWS SDK$'):
            await get_secret("KEY")
        assert asked == len(server.asked)

    async def test_not_json(self, server: ExtensionServer) -> None:
        """
        An answer that is none counts as none.
        """
        server.faults.append(b"HTTP/1.0 200 OK\r\n\r\n{")
        setenv({"SECRET_KEY": "arn:one/a b"})
        with pytest.raises(ConfigurationError):
            await get_secret("KEY")

    async def test_bad_port(self) -> None:
        """
        The extension's port is a number.
        """
        setenv({"SECRET_KEY": "x", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "x"})
        with pytest.raises(ConfigurationError, match="PARAMETERS_SECRETS_EXTENSION_HTTP_PORT must be a number"):
            await get_secret("KEY")

    async def test_secrets_manager(self, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where no extension listens, AWS's SDK is asked at once.
        """
        monkeypatch.setattr(extension, "FIRST_WAIT", 1000)
        aws("secretsmanager").create_secret(Name="mine", SecretString=VALUE)
        setenv({"SECRET_KEY": "mine"})
        assert await get_secret("KEY") == VALUE

    async def test_binary_secret(self, aws: Any) -> None:
        """
        A secret that is no text is none.
        """
        aws("secretsmanager").create_secret(Name="binary", SecretBinary=b"abc")
        setenv({"SECRET_KEY": "binary"})
        with pytest.raises(ConfigurationError, match='for "KEY" via AWS SDK'):
            await get_secret("KEY")

    async def test_nothing_leaks(self, aws: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        The id is not in the error, whose cause stays for the log.
        """
        setenv({"SECRET_KEY": "arn:of:mine"})
        with pytest.raises(ConfigurationError) as caught:
            await get_secret("KEY")
        assert ("arn:of:mine" in caught.value.detail, TOKEN in caplog.text) == (False, False)
        assert "ResourceNotFoundException" in repr(caught.value.__cause__)

    async def test_no_token(self) -> None:
        """
        Without a session there is nobody to ask.
        """
        setenv({"SECRET_KEY": "x"})
        del os.environ["AWS_SESSION_TOKEN"]
        with pytest.raises(ConfigurationError, match=r"^No AWS_SESSION_TOKEN available$"):
            await get_secret("KEY")

    async def test_no_name(self) -> None:
        """
        A secret has a name.
        """
        with pytest.raises(ConfigurationError, match=r"^No secret name provided$"):
            await get_secret("")


class TestLoadSecrets:
    """
    Into the environment.
    """

    async def test_all_at_once(self, server: ExtensionServer, caplog: pytest.LogCaptureFixture) -> None:
        """
        Names and lists of names, together; unknown ones are left out, and no value is logged.
        """
        caplog.set_level(logging.DEBUG, "jaystream")
        server.expect_together(2)
        setenv({"SECRET_ONE": "arn:one/a b", "TWO_SECRET": "two", "THREE": "3"})
        await load_secrets("ONE", ["TWO", "THREE", "FOUR"])
        assert (VALUE, "value-of-two", "3") == tuple(os.environ[name] for name in ("ONE", "TWO", "THREE"))
        assert "FOUR" not in os.environ
        assert "loaded secret ONE" in caplog.text
        assert not any(value in caplog.text for value in (VALUE, "value-of-two", TOKEN))

    async def test_one_fails(self, server: ExtensionServer) -> None:
        """
        The others are loaded, and the error says which.
        """
        setenv({"SECRET_ONE": "arn:one/a b", "SECRET_BAD": "bad"})
        with pytest.raises(ConfigurationError, match='"BAD"'):
            await load_secrets("BAD", "ONE")
        assert os.environ["ONE"] == VALUE

    async def test_in_a_handler(self, server: ExtensionServer) -> None:
        """
        They are there in setup and in the handler, and not yet in validate.
        """
        found: list[str | None] = []

        def look() -> None:
            found.append(os.environ.get("ONE"))

        setenv({"SECRET_ONE": "arn:one/a b"})

        async def handler(request: Any, response: Any) -> None:
            look()

        answer = await ask(asgi_stream_handler(handler, secrets=["ONE"], validate=look, setup=look))
        assert (200, [None, VALUE, VALUE]) == (answer.status, found)

    async def test_missing_in_a_handler(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        The client sees a 500 without a word of it, the log has the name.
        """
        setenv({"SECRET_ONE": "arn:one"})

        async def handler() -> None:
            raise AssertionError("never called")

        answer = await ask(asgi_stream_handler(handler, secrets=["ONE"]))
        assert (500, False) == (answer.status, b"ONE" in answer.body)
        assert 'Secret fetch failed for "ONE"' in caplog.text

    @pytest.mark.parametrize("secrets", ["ONE", [1], [""], 3, {"a": 1}])
    def test_wrong(self, secrets: Any) -> None:
        """
        A list of names is wanted.
        """
        with pytest.raises(ConfigurationError, match=r"secrets=.*must be a list of names"):
            asgi_stream_handler(lambda: None, secrets=secrets)


class TestLoadVariables:
    """
    The bundle.
    """

    async def test_none(self) -> None:
        """
        Without a pointer there is none.
        """
        assert await load_variables() is False

    async def test_extension(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        What the environment lacks is added, as text; ids of secrets are refused. It is fetched once.
        """
        bundle = {"A": "1", "B": 2, "C": {"d": True}, "HOME": "/x", "SECRET_X": "id"}
        home = os.environ["HOME"] = "/home"
        os.environ["CDK_ENV_VARIABLES"] = "/app/variables"
        with ExtensionServer(parameters={"/app/variables": json.dumps(bundle)}) as server:
            os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] = str(server.port)
            assert await load_variables() is True
            assert await load_variables() is True
        assert ["/systemsmanager/parameters/get?name=%2Fapp%2Fvariables"] == server.asked
        assert ("1", "2", '{"d": true}', home) == tuple(os.environ[name] for name in ("A", "B", "C", "HOME"))
        assert ("SECRET_X" in os.environ, "SECRET_X is left out" in caplog.text) == (False, True)

    async def test_parameter_store(self, aws: Any) -> None:
        """
        Where no extension listens, AWS's SDK is asked.
        """
        aws("ssm").put_parameter(Name="/app/v", Value='{"A": "1"}', Type="SecureString")
        os.environ["CDK_ENV_VARIABLES"] = "/app/v"
        assert await load_variables() is True
        assert "1" == os.environ["A"]

    async def test_s3(self, aws: Any) -> None:
        """
        A bundle in S3.
        """
        s3 = aws("s3")
        s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="bundles", Key="k/v.json", Body='{"A": "ä"}'.encode())
        os.environ["CDK_ENV_VARIABLES"] = "s3://bundles/k/v.json"
        assert await load_variables() is True
        assert "ä" == os.environ["A"]

    @pytest.mark.parametrize(
        ("pointer", "complaint"),
        [
            ("s3://", 'Variables pointer "s3://" is not a valid s3:// location'),
            ("s3://b", "is not a valid s3:// location"),
            ("s3://b/", "is not a valid s3:// location"),
            ("/none", 'Variables bundle at "/none" could not be resolved'),
            ("/bad", 'Variables bundle at "/bad" is not valid JSON'),
            ("/list", 'Variables bundle at "/list" is not an object'),
        ],
    )
    async def test_wrong(self, pointer: str, complaint: str) -> None:
        """
        What is no bundle is an error, and is looked at anew the next time.
        """
        os.environ["CDK_ENV_VARIABLES"] = pointer
        with ExtensionServer(parameters={"/bad": "{", "/list": "[1]"}) as server:
            os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] = str(server.port)
            for _ in range(2):
                with pytest.raises(ConfigurationError) as caught:
                    await load_variables()
                assert complaint in caught.value.detail
