"""
`python -m benchmarks [--short] [NAME...]`: run the benchmarks and print their table.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Row

NAMES = ("fused", "imports", "sse_encode", "file_memory", "asgi_throughput", "idle_streams")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all by default")
    parser.add_argument("--short", action="store_true", help="fewer repeats, for a look")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {platform.machine()}; fastest of interleaved runs; ratios within a run\n"
    )
    print(f"{'work':<52} {'jaystream':>12} {'against':>34} {'ratio':>7} {'bound':>9}  holds")
    for name in arguments.names or NAMES:
        try:
            module = importlib.import_module(f"benchmarks.{name}")
        except ModuleNotFoundError as error:
            print(f"{name}: left out, {error.name} is not installed")
            continue
        for row in module.run(short=arguments.short):
            show(row)
    return 0


def show(row: Row) -> None:
    holds = {True: "yes", False: "NO", None: ""}[row.holds]
    print(f"{row.name:<52} {row.ours:>12} {row.peer:>34} {row.ratio:>7.2f} {row.bound:>9}  {holds}")
    if row.note:
        print(f"    {row.note}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
