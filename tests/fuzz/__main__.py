"""
`python -m tests.fuzz [--cases N] [--seed N] [--jobs N]`: try random pipelines, stopped in random ways.

A fault is printed as the smallest case that shows it, with the seed that finds it again.
"""

from __future__ import annotations

import argparse
import gc
import os
import secrets
import subprocess
import sys
import time

from hypothesis import HealthCheck, Phase, given, note, seed, settings

from tests.fuzz.case import Case, cases, check_all

BATCH = 250
"""
Cases that are drawn from one seed, so that a fault is found again soon.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="how many, 20,000 by default")
    parser.add_argument("--seed", type=int, default=None, help="where to begin; random by default, and printed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    arguments = parser.parse_args()
    begin = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    if arguments.jobs > 1:
        print(f"{arguments.cases} cases, the first seed is {begin}", flush=True)
        return in_processes(arguments.cases, begin, arguments.jobs)
    started = time.monotonic()
    tried = sum(try_cases(min(BATCH, arguments.cases - at), begin + at) for at in range(0, arguments.cases, BATCH))
    print(f"{tried} cases tried in {time.monotonic() - started:.0f} s, no fault")
    return 0


def in_processes(number: int, begin: int, jobs: int) -> int:
    """
    Share the cases among processes; 1 where one of them found a fault.
    """
    each = -(-number // jobs)
    command = [sys.executable, "-m", "tests.fuzz", "--jobs", "1", "--cases", str(each), "--seed"]
    running = [subprocess.Popen([*command, str(begin + job * each)]) for job in range(jobs)]
    return max([1 if process.wait() else 0 for process in running])


def try_cases(number: int, begin: int) -> int:
    """
    Try so many, and give how many it were.

    Raises:
        AssertionError: With the smallest case that shows the fault.
    """
    tried = 0
    found = False

    @seed(begin)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(cases())
    def attempt(case: Case) -> None:
        nonlocal tried, found
        tried += 1
        note(case.describe())
        try:
            check_all(case)
        except BaseException as error:
            if not found:
                again = f"python -m tests.fuzz --jobs 1 --cases {number} --seed {begin}"
                print(f"FAULT {error!r}\n{case.describe()}\nagain: {again}\nlooking for a smaller one", flush=True)
            found = True
            raise

    # each case ends with a collection, which need not look at all modules again
    gc.collect()
    gc.freeze()
    attempt()
    return tried


if __name__ == "__main__":
    sys.exit(main())
