"""
The log: lines of JSON, tags per request, and nothing that is secret.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.handlers import JsonFormatter, TagFilter, configure_logging, current_tags, redact, redact_text, tagged
from jaystream.handlers.redaction import REDACTED, remember
from tests.handlers.asking import URL_EVENT, ask, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "sk-ant-" + "a1B2" * 6


@pytest.fixture
def lines() -> Iterator[Any]:
    """
    Configures the log, and gives what was written, parsed; afterwards the log is as before.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging("debug", stream)

    def parsed() -> list[dict[str, Any]]:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return [json.loads(line) for line in text.splitlines()]

    yield parsed
    root.handlers[:] = handlers
    root.setLevel(level)


class TestLines:
    """
    One record is one line.
    """

    def test_fields(self, lines: Any) -> None:
        """
        Time, level, logger, message, extras.
        """
        logging.getLogger("x.y").warning("a %s\nb", "c", extra={"var": {"n": 1}})
        (line,) = lines()
        assert ("warning", "x.y", "a c\nb", {"n": 1}) == (line["level"], line["logger"], line["message"], line["var"])
        assert line["time"].endswith("+00:00")

    def test_error(self, lines: Any) -> None:
        """
        An error has its type, message and traceback, with causes.
        """
        try:
            try:
                raise KeyError("cause")
            except KeyError as error:
                raise ValueError("planted") from error
        except ValueError:
            logging.getLogger("x").exception("failed")
        (line,) = lines()
        assert ("ValueError", "planted", True) == (
            line["error"]["type"],
            line["error"]["message"],
            "KeyError: 'cause'" in line["error"]["stack"],
        )

    def test_bad_arguments(self) -> None:
        """
        A record that cannot be formatted is written all the same.
        """
        line = json.loads(JsonFormatter().format(logging.makeLogRecord({"msg": "%d and %d", "args": (1,)})))
        assert "%d and %d (TypeError in its arguments)" == line["message"]

    def test_strange_values(self, lines: Any) -> None:
        """
        What JSON does not know is text; what is too deep or too long is cut.
        """
        deep: Any = 0
        for _ in range(30):
            deep = [deep]
        logging.getLogger("x").warning("m", extra={"var": {"o": {1, 2}, "l": "x" * 20_000, "d": deep, "b": b"1"}})
        (line,) = lines()
        assert ([1, 2], "b'1'") == (line["var"]["o"], line["var"]["b"])
        assert line["var"]["l"].endswith("... (20000 characters)")
        assert "<list>" in json.dumps(line["var"]["d"])

    def test_what_cannot_be_written(self) -> None:
        """
        What has no text, half a character and what is no number cost no record; it is JSON.
        """

        class MuteError(Exception):
            def __str__(self) -> str:
                raise ValueError("no text")

        mute = MuteError()
        given = {"msg": mute, "exc_info": (MuteError, mute, None), "a": [mute, "\ud800", float("nan")], "b": {mute: 1}}
        written = JsonFormatter().format(logging.makeLogRecord(given))
        line = json.loads(written.encode("utf-8"), parse_constant=pytest.fail)
        text = "<MuteError, whose text is a ValueError>"
        assert (f"{text} (ValueError in its arguments)", text) == (line["message"], line["error"]["message"])
        assert ([text, "\ud800", "nan"], {text: 1}) == (line["a"], line["b"])

    def test_long_line(self) -> None:
        """
        A line is never longer than what takes it.
        """
        record = logging.makeLogRecord({"msg": "m", "levelname": "INFO", "name": "x", "var": ["y" * 100] * 100})
        line = json.loads(JsonFormatter(max_bytes=1000).format(record))
        assert ("m", True, False) == (line["message"], line["cut"], "var" in line)

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Tags of the whole process.
        """
        monkeypatch.setenv("PROJECT_ENV", "sandbox")
        monkeypatch.setenv("PROJECT_KEY", "")
        line = json.loads(JsonFormatter().format(logging.makeLogRecord({"msg": "m"})))
        assert ("sandbox", False) == (line["env"], "key" in line)

    def test_second_call_replaces(self, lines: Any) -> None:
        """
        Configured twice, each record is written once.
        """
        stream = io.StringIO()
        handler = configure_logging(logging.INFO, stream)
        logging.getLogger("x").info("m")
        logging.getLogger("x").debug("not this one")
        assert (1, []) == (stream.getvalue().count("\n"), lines())
        assert handler in logging.getLogger().handlers

    def test_no_such_level(self, lines: Any) -> None:
        """
        A level has a name.
        """
        with pytest.raises(ValueError, match="LOUD"):
            configure_logging("loud")

    def test_import_configures_nothing(self) -> None:
        """
        Importing all of it leaves the log as it is.
        """
        code = (
            "import logging; from jaystream.handlers import *; import jaystream.handlers.lifecycle; "
            "print(logging.getLogger().handlers, logging.getLogger('jaystream').handlers, "
            "logging.getLogger('jaystream.handlers').level)"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert "[] [] 0\n" == result.stdout


class TestTags:
    """
    Tags of one request.
    """

    async def test_each_request_has_its_own(self, lines: Any) -> None:
        """
        Requests at once do not mix, in their tasks neither.
        """
        own = logging.getLogger("app")

        async def note(name: str) -> str:
            await asyncio.sleep(0)
            own.info("noted %s", name)
            return name

        async def answer(request: Any, response: Any) -> Any:
            return JaypieStream.of(*[request.query["n"]] * 3).map(note, concurrency=2)

        app = asgi_stream_handler(answer, name="mine")
        await asyncio.gather(*(ask(app, f"/?n={n}", headers={"x-request-id": f"r{n}"}) for n in range(5)))
        noted = [line for line in lines() if line["logger"] == "app"]
        assert 15 == len(noted)
        assert all(f"noted {line['invoke'][1:]}" == line["message"] for line in noted)
        assert {"mine"} == {line["handler"] for line in noted}
        assert {} == dict(current_tags())

    async def test_lambda(self, lines: Any) -> None:
        """
        An invocation's id is Lambda's.
        """
        await invoke(lambda_stream_handler(lambda: JaypieStream.of("a"), name="mine"), URL_EVENT)
        own = [line for line in lines() if line["logger"] == "jaystream.handlers"]
        assert {("1-2", "1-2", "mine")} == {(line["invoke"], line["shortInvoke"], line["handler"]) for line in own}

    async def test_ids_of_clients(self, lines: Any) -> None:
        """
        A client's id is taken only if it looks like one.
        """
        app = asgi_stream_handler(lambda: JaypieStream.of("a"))
        await ask(app, headers={"x-request-id": "a b" * 100})
        assert {16} == {len(line["invoke"]) for line in lines() if "invoke" in line}

    def test_nested(self) -> None:
        """
        Inner tags are added, and taken away again.
        """
        with tagged(a=1):
            with tagged(b=2):
                assert {"a": 1, "b": 2} == dict(current_tags())
            assert {"a": 1} == dict(current_tags())

    def test_filter_keeps_them(self) -> None:
        """
        A record that is written later, elsewhere, has the tags of where it was made.
        """
        record = logging.makeLogRecord({"msg": "m"})
        with tagged(a=1):
            assert TagFilter().filter(record)
        assert 1 == json.loads(JsonFormatter().format(record))["a"]


class TestEvents:
    """
    What is logged of a request and of its answer.
    """

    async def test_asgi(self, lines: Any) -> None:
        """
        The request without its credentials, the answer with its figures.
        """
        headers = {"authorization": f"Bearer {TOKEN}", "cookie": "a=1", "accept": "*/*"}
        await ask(asgi_stream_handler(lambda: JaypieStream.of("a"), name="mine"), "/x?q=1", headers=headers)
        asked, answered = (line["var"] for line in lines() if line["logger"] == "jaystream.handlers")
        assert ("GET", "/x", {"q": "1"}) == tuple(asked["req"][name] for name in ("method", "path", "query"))
        assert (REDACTED, REDACTED, "*/*") == tuple(asked["req"]["headers"][name] for name in headers)
        assert (200, True, "end", 1) == tuple(
            answered["res"][name] for name in ("status", "streaming", "ended", "items")
        )

    async def test_lambda(self, lines: Any) -> None:
        """
        The event.
        """
        await invoke(lambda_stream_handler(lambda: JaypieStream.of("a")), {"n": 1, "password": "x"})
        asked, _ = (line["var"] for line in lines() if line["logger"] == "jaystream.handlers")
        assert {"n": 1, "password": REDACTED} == asked["event"]

    async def test_suppressed(self, lines: Any) -> None:
        """
        Nothing with log_event=False.
        """
        await invoke(lambda_stream_handler(lambda: JaypieStream.of("a"), log_event=False), {"n": 1})
        await ask(asgi_stream_handler(lambda: JaypieStream.of("a"), log_event=False))
        assert [] == [line for line in lines() if line["logger"] == "jaystream.handlers"]


class TestRedaction:
    """
    What is taken out.
    """

    @pytest.mark.parametrize(
        "text",
        [
            f"key {TOKEN}",
            "Authorization: Bearer abcdefgh12345678",
            "AKIAABCDEFGHIJKLMNOP",
            "ghp_" + "a" * 30,
            "xoxb-1234567890-abc",
            "AIza" + "b" * 35,
            "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK",
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        ],
    )
    def test_looks_like_a_secret(self, text: str) -> None:
        """
        Known forms of keys.
        """
        assert REDACTED in redact_text(text)
        assert text.rsplit(maxsplit=1)[-1][-8:] not in redact_text(text).replace(REDACTED, "")

    @pytest.mark.parametrize("text", ["hello", "task-list", "skip", "a basic idea", "risk-adjusted-returns", "eyJ"])
    def test_looks_like_none(self, text: str) -> None:
        """
        Words stay.
        """
        assert text == redact_text(text)

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("at https://x/y?key=abcdef&n=1 or", f"at https://x/y?key={REDACTED}&n=1 or"),
            ("/get?a=1&X-Amz-Signature=0f0f'", f"/get?a=1&X-Amz-Signature={REDACTED}'"),
            ("?accessToken=abc#top", f"?accessToken={REDACTED}#top"),
            ("postgres://ada:hunter2@db/x", f"postgres://ada:{REDACTED}@db/x"),
            ("https://x:8080/a@b?monkey=1&max_tokens=5", "https://x:8080/a@b?monkey=1&max_tokens=5"),
        ],
    )
    def test_addresses(self, text: str, clean: str) -> None:
        """
        Keys in the query of an address, and its password.
        """
        assert clean == redact_text(text)

    def test_known_within_another(self) -> None:
        """
        A secret that begins with another one leaves nothing.
        """
        for secret in ("battery-staple", "battery-staple-horse", "the-battery-staple"):
            remember(secret)
        assert f"{REDACTED} {REDACTED}" == redact_text("battery-staple-horse the-battery-staple")

    def test_names(self) -> None:
        """
        What stands under a telling name, at any depth; numbers of tokens do not.
        """
        value = {
            "a": [{"apiKey": "x", "api_key": "x", "X-Api-Key": "x"}],
            "Set-Cookie": ["a=1"],
            "db_password": 3,
            "token": {"inner": "x"},
            "max_tokens": 5,
            "totalTokens": 6,
            "tokens": 7,
            "secret": None,
        }
        assert {
            "a": [{"apiKey": REDACTED, "api_key": REDACTED, "X-Api-Key": REDACTED}],
            "Set-Cookie": REDACTED,
            "db_password": REDACTED,
            "token": REDACTED,
            "max_tokens": 5,
            "totalTokens": 6,
            "tokens": 7,
            "secret": None,
        } == redact(value)

    def test_known(self, lines: Any) -> None:
        """
        A secret that was loaded is taken out wherever it stands: messages, extras, errors.
        """
        remember("correct horse battery")
        remember("short")
        try:
            raise ValueError("no correct horse battery here")
        except ValueError:
            logging.getLogger("x").exception(
                "correct horse battery %s", "short", extra={"var": "correct horse battery"}
            )
        (line,) = lines()
        assert "correct horse" not in json.dumps(line)
        assert f"{REDACTED} short" == line["message"]
