"""
A real nginx between a stream and its client: nothing is held back, and a stream that waits is not cut.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.contracts.servers import serving
from tests.contracts.test_leaving import APP, stats, until

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

# nginx as it is installed, but for the files it writes and a shorter patience
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log stderr;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_read_timeout 1s;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(program: str, upstream: str, folder: Path) -> Generator[str, None, None]:
    """
    An nginx in front of *upstream*, while the block runs; gives its address.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""  # whoever may write the folder
    text = CONFIGURATION.format(folder=folder, port=port, upstream=upstream, user=user)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            assert process.poll() is None, process.communicate()[1].decode()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str], None, None]:
    """
    The address of nginx, and that of the app behind it.
    """
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx, which is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    with serving("uvicorn-httptools", APP) as (base, _), nginx(shutil.which("nginx") or "", base, folder) as proxy:
        yield proxy, base


@pytest.mark.program("nginx")
class TestNginx:
    """
    What the response's own headers and pings do there.
    """

    def test_nothing_is_held_back(self, addresses: tuple[str, str]) -> None:
        """
        Events come through one by one, although nginx buffers by default.
        """
        proxy, _ = addresses
        with httpx.stream("GET", f"{proxy}/numbered?count=10&pause=0.05") as response:
            pieces = list(response.iter_raw())
        assert [b'data: {"n":%d}\n\n' % number for number in range(10)] == pieces

    def test_pings_keep_it_open(self, addresses: tuple[str, str]) -> None:
        """
        A stream that is silent for longer than nginx waits is kept open by its pings, and cut without them.
        """
        proxy, _ = addresses
        events = httpx.get(f"{proxy}/numbered?count=2&pause=1.5&keepalive=0.3", timeout=10).text
        assert ["0", "1"] == [line[-2:-1] for line in events.splitlines() if line.startswith("data")]
        assert ": ping" in events
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{proxy}/numbered?count=2&pause=1.5", timeout=10)

    def test_leaving_reaches_the_source(self, addresses: tuple[str, str]) -> None:
        """
        A client that leaves nginx has left the app.
        """
        proxy, base = addresses
        before = stats(base)["counts"].get("closed", 0)
        with httpx.stream("GET", f"{proxy}/forever") as response:
            next(response.iter_raw())
        until(base, lambda now: now["counts"].get("closed", 0) == before + 1)
