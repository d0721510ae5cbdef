"""
`python -m benchmarks [--short] [--markdown] [NAME...]`: run the benchmarks and print their table.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Row

NAMES = (
    "fused",
    "concurrent",
    "imports",
    "sse_encode",
    "ui_formats",
    "text_operators",
    "llm_adapters",
    "file_memory",
    "asgi_throughput",
    "idle_streams",
    "chats",
    "disconnect",
    "lambda_runtime",
    "libraries",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all by default")
    parser.add_argument("--short", action="store_true", help="fewer repeats, for a look")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown, as in the README")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {platform.machine()}; fastest of interleaved runs; ratios within a run\n"
    )
    if not arguments.markdown:
        print(f"{'work':<60} {'jaystream':>12} {'against':>34} {'ratio':>7} {'bound':>9}  holds")
    head = "| Work | jaystream | against | ratio | bound | holds |\n|---|---|---|---|---|---|\n"
    for name in arguments.names or NAMES:
        try:
            module = importlib.import_module(f"benchmarks.{name}")
        except ModuleNotFoundError as error:
            print(f"{name}: left out, {error.name} is not installed")
            continue
        rows: list[Row] = module.run(short=arguments.short)
        table = getattr(module, "table", None)
        if not arguments.markdown:
            for row in rows:
                show(row)
        elif table is None:
            print(head + "\n".join(markdown(row) for row in rows), flush=True)
            head = ""
        else:
            print("\n" + "\n".join(table(rows)), flush=True)
    return 0


def markdown(row: Row) -> str:
    """
    One line of a Markdown table.
    """
    holds = {True: "yes", False: "no", None: ""}[row.holds]
    return f"| {row.name} | {row.ours} | {row.peer} | {row.ratio:.2f} | {row.bound} | {holds} |"


def show(row: Row) -> None:
    holds = {True: "yes", False: "NO", None: ""}[row.holds]
    print(f"{row.name:<60} {row.ours:>12} {row.peer:>34} {row.ratio:>7.2f} {row.bound:>9}  {holds}")
    if row.note:
        print(f"    {row.note}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
