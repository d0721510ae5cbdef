"""
The function's log: text, JSON, frames.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.aws.runtime import logs
from jaystream.aws.runtime.context import enter, log_to
from jaystream.aws.runtime.faults import FaultError, report_of
from tests.aws.runtime.test_context import context

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture
def root() -> Generator[logging.Logger, None, None]:
    """
    The root logger, which is afterwards as it was.
    """
    logger = logging.getLogger()
    level, handlers = logger.level, [*logger.handlers]
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers
    log_to(None)
    enter(None, alone=True)


def frames(data: bytes) -> list[tuple[int, str]]:
    """
    The types and texts of frames.
    """
    found: list[tuple[int, str]] = []
    while data:
        kind, size, stamp = (int.from_bytes(data[at:end], "big") for at, end in ((0, 4), (4, 8), (8, 16)))
        assert stamp > 1_700_000_000_000_000
        found.append((kind, data[16 : 16 + size].decode()))
        data = data[16 + size :]
    return found


class TestLogs:
    """
    Records and errors, where Lambda reads them.
    """

    def test_text(self, root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Level, time, request and message, parted by tabs.
        """
        logs.begin({})
        enter(context(), alone=True)
        logging.getLogger("a").warning("hello %s", "you")
        level, stamp, request, message = capsys.readouterr().out.split("\t")
        assert ("[WARNING]", "id-1", "hello you\n") == (level, request, message)
        assert (24, "Z") == (len(stamp), stamp[-1])

    def test_json(self, root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """
        One object to a line, with the error's parts and what `extra=` gives.
        """
        logs.begin({"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE"})
        enter(context(aws_tenant_id=b"t"), alone=True)
        logger = logging.getLogger("a")
        logger.debug({"key": "é"}, extra={"level": "ignored", "user": object})
        try:
            raise LookupError("x")
        except LookupError:
            logger.exception("failed")
        first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert ({"key": "é"}, "DEBUG", "a", "id-1", "t") == (
            first["message"],
            first["level"],
            first["logger"],
            first["requestId"],
            first["tenantId"],
        )
        assert "<class 'object'>" == first["user"]
        assert ("LookupError", "x", 1) == (second["errorType"], second["errorMessage"], len(second["stackTrace"]))
        assert "test_logs.py:test_json:" in second["location"]

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({}, [(0xA55A0003, "plain"), (0xA55A0003, "[ERROR]\t"), (0xA55A0017, "[ERROR] LookupError: x")]),
            (
                {"AWS_LAMBDA_LOG_LEVEL": "info"},
                [(0xA55A0003, "plain"), (0xA55A0017, "[ERROR]\t"), (0xA55A0017, "[ERROR] LookupError: x")],
            ),
            (
                {"AWS_LAMBDA_LOG_FORMAT": "json"},
                [(0xA55A0003, "plain"), (0xA55A0016, '{"timestamp"'), (0xA55A0016, '{"timestamp"')],
            ),
        ],
    )
    def test_frames(self, root: logging.Logger, environ: dict[str, str], expected: list[tuple[int, str]]) -> None:
        """
        Lambda's own descriptor takes frames, whose type says the level; the variable is gone then.
        """
        reading, writing = os.pipe()
        given = {**environ, "_LAMBDA_TELEMETRY_LOG_FD": str(writing)}
        sink = logs.begin(given)
        context().log("plain")
        logging.getLogger("a").error("message")
        sink.report(report_of(LookupError("x"), "id-1"))
        sink.close()
        with os.fdopen(reading, "rb") as file:
            found = frames(file.read())
        assert [kind for kind, _ in expected] == [kind for kind, _ in found]
        assert all(text.startswith(begin) for (_, begin), (_, text) in zip(expected, found, strict=True))
        assert "_LAMBDA_TELEMETRY_LOG_FD" not in given

    def test_error_text(self, root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """
        An error is one message: its lines end with CR alone, and are indented by what the console keeps.
        """
        try:
            raise LookupError("x")
        except LookupError as error:
            logs.begin({}).report(report_of(error))
        head, title, place, code = capsys.readouterr().out.removesuffix("\n").split("\r")
        assert ("[ERROR] LookupError: x", "Traceback (most recent call last):") == (head, title)
        assert place.startswith('\u00a0\u00a0File "')
        assert '\u00a0\u00a0\u00a0\u00a0raise LookupError("x")' == code

    def test_error_json(self, root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """
        In JSON it is one object.
        """
        logs.begin({"AWS_LAMBDA_LOG_FORMAT": "JSON"}).report(report_of(FaultError("Runtime.X", "é"), "id-1"))
        found = json.loads(capsys.readouterr().out)
        assert ("ERROR", "Runtime.X", "é", "id-1") == (
            found["level"],
            found["errorType"],
            found["errorMessage"],
            found["requestId"],
        )

    @pytest.mark.parametrize(
        ("name", "expected"), [("", None), ("warn", "WARN"), ("TRACE", "DEBUG"), ("FATAL", "FATAL"), ("LOUD", None)]
    )
    def test_level(self, name: str, expected: str | None) -> None:
        """
        The levels of a function's configuration; one that nobody knows is none.
        """
        assert expected == logs.level_of({"AWS_LAMBDA_LOG_LEVEL": name})

    def test_broken(self, root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A record that cannot be written is told as `logging` tells it, and nothing is raised.
        """
        logs.begin({})
        record = logging.LogRecord("a", logging.ERROR, __file__, 1, "%d", ("no number",), None)
        root.handlers[-1].handle(record)
        assert "TypeError" in capsys.readouterr().err

    def test_nobody_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A closed output does not matter.
        """

        class Closed:
            def flush(self) -> None:
                raise ValueError("I/O operation on closed file")

        monkeypatch.setattr("sys.stdout", Closed())
        logs.flush()


class TestReports:
    """
    Errors as they are told.
    """

    def test_frames(self) -> None:
        """
        The trace is that of the error, and X-Ray's account has the same places.
        """
        report = self.of(lambda: json.loads("{"))
        assert ("JSONDecodeError", "id-1") == (report.body["errorType"], report.body["requestId"])
        assert "test_logs.py" in report.body["stackTrace"][0]
        (told,) = report.cause["exceptions"]
        assert "JSONDecodeError" == told["type"]
        assert ["of", "<lambda>", "loads"] == [frame["label"] for frame in told["stack"]][:3]
        assert b"Function.JSONDecodeError" == report.header

    def test_fault(self) -> None:
        """
        A fault of the runtime has Lambda's name.
        """
        report = report_of(FaultError("Runtime.Other", "y", ["z"]))
        assert (b"Runtime.Other", ["z"]) == (report.header, report.body["stackTrace"])

    def test_no_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A working directory that is gone is told as none.
        """

        def gone() -> str:
            raise FileNotFoundError

        monkeypatch.setattr(os, "getcwd", gone)
        assert "" == report_of(LookupError()).cause["working_directory"]

    def test_cannot_be_shown(self) -> None:
        """
        An error whose text fails is told all the same.
        """

        class MuteError(Exception):
            def __str__(self) -> str:
                raise LookupError("no text")

        assert (
            "MuteError, whose text cannot be had: LookupError('no text')" == report_of(MuteError()).body["errorMessage"]
        )

    @staticmethod
    def of(function: Any) -> Any:
        """
        The report of what *function* raises.
        """
        try:
            function()
        except Exception as error:
            return report_of(error, "id-1")
        return None
