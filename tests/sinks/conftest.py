"""
Both ways in which responses write: stepped, as few of them do, and in rounds, as many do.
"""

from __future__ import annotations

import pytest

from jaystream.sinks import pull

BOTH = ("test_asgi_", "test_file", "test_lambda", "test_outbox_alone", "test_pull", "test_response", "test_waiting")


@pytest.fixture
def _few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "FEW", request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """
    Run each test of a sink that writes both ways.
    """
    if metafunc.definition.path.stem.startswith(BOTH):
        metafunc.fixturenames.append("_few")
        metafunc.parametrize("_few", [pull.FEW, 0], ids=["stepped", "in rounds"], indirect=True)
