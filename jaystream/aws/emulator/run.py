"""
The program behind `jaystream emulate`: it runs until a signal ends it, and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaystream.aws.emulator.settings import Settings

TERMINATED = 128 + signal.SIGTERM


class MissingExtraError(RuntimeError):
    """
    What the emulator needs is not installed.
    """


def emulate(settings: Settings, *, port: int, reload: bool) -> int:
    """
    Serve a function until interrupted.

    Returns:
        0 after an interrupt, which is how it is meant to end; 143 after SIGTERM.

    Raises:
        MissingExtraError: If h11 is missing; it says how to install it.
        OSError: If the port is taken, or the runtime's command is not there.
    """
    if find_spec("h11") is None:
        raise MissingExtraError("the emulator needs h11; install with: pip install 'jaystream[aws]'")
    if which(settings.runtime[0]) is None:
        raise FileNotFoundError(f"no command {settings.runtime[0]!r}, which is to run the runtime")
    return asyncio.run(_emulate(settings, port, reload=reload))


async def _emulate(settings: Settings, port: int, *, reload: bool) -> int:
    from jaystream.aws.emulator.server import Emulator  # noqa: PLC0415 - an extra, checked before
    from jaystream.aws.emulator.view import View  # noqa: PLC0415 - see above

    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(code: int) -> None:
        if not stopped.done():
            stopped.set_result(code)

    loop = asyncio.get_running_loop()
    for number, code in {signal.SIGINT: 0, signal.SIGTERM: TERMINATED}.items():
        loop.add_signal_handler(number, stop, code)
    view = View(sys.stdout)
    async with Emulator(settings, view, port=port, reload=reload) as emulator:
        print(banner(settings, emulator.url), flush=True)
        following = asyncio.create_task(view.follow())
        try:
            return await emulator.wait_with(stopped)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def banner(settings: Settings, url: str) -> str:
    """
    What a client needs to know.
    """
    front = {"function-url": "Function URL", "rest": "REST API", "http-api": "HTTP API", "alb": "Load balancer"}
    name, _, buffered = settings.front.partition("-buffered")
    fronts = {f"{front[name]}{', buffered' if buffered or settings.front.endswith('-buffered') else ''}": f"{url}/"}
    if name != "rest":
        fronts["REST API"] = f"{url}/restapis/local/prod/_user_request_/"
    fronts["Lambda API"] = f"{url}, function name {settings.name!r}"
    lines = "\n".join(f"  {front:24} {where}" for front, where in fronts.items())
    variables = "\n".join(f"  export {name}={value}" for name, value in client_variables(settings, url).items())
    return (
        f"{settings.handler}, emulated. Ctrl-C stops it.\n\n{lines}\n\n"
        f"boto3 and the AWS CLI find it with\n\n{variables}\n"
    )


def client_variables(settings: Settings, url: str) -> dict[str, str]:
    """
    The environment in which boto3 and the AWS CLI talk to the emulator. The keys are not checked.
    """
    return {
        "AWS_ENDPOINT_URL_LAMBDA": url,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
    }
