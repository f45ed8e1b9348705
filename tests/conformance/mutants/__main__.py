"""Print which mutant is killed by which test of the kit, and which is killed by none.

python -m tests.conformance.mutants [MUTANT …] [--record] [--examples N]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from . import MUTANTS
from .matrix import (
    CASES,
    PROFILE,
    Matrix,
    describe_kill,
    describe_slip,
    find_killers,
    read_record,
    write_record,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 where a mutant lives or a test kills none."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutants")
    parser.add_argument("mutants", nargs="*", metavar="MUTANT", help="print how these are killed")
    parser.add_argument("--record", action="store_true", help="write matrix.json, or these rows")
    parser.add_argument("--examples", type=int, default=PROFILE.examples, metavar="N")
    options = parser.parse_args(arguments)
    unknown = set(options.mutants) - set(MUTANTS)
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    if options.mutants:
        return _print_kills(options.mutants, options.examples, options.record)
    names = sorted(MUTANTS)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = pool.map(_row, names, [options.examples] * len(names))
        matrix: Matrix = dict(zip(names, rows, strict=True))
    _print(matrix)
    if options.record:
        write_record(matrix)
    idle = [test for test in CASES if not any(test in tests for tests in matrix.values())]
    alive = [name for name in names if not matrix[name]]
    for name in alive:
        print(f"LIVES  {name}: {describe_slip(MUTANTS[name])}")
    for test in idle:
        print(f"IDLE   {test} kills no mutant")
    return 1 if alive or idle else 0


def _row(name: str, examples: int) -> list[str]:
    return list(find_killers(MUTANTS[name], profile=replace(PROFILE, examples=examples)))


def _print_kills(names: list[str], examples: int, keep: bool) -> int:
    rows: Matrix = {}
    for name in names:
        print(f"{name}: {describe_slip(MUTANTS[name])}")
        found = find_killers(
            MUTANTS[name], profile=replace(PROFILE, examples=examples, shrink=True)
        )
        for test, error in found.items():
            print(f"\nKILLED BY {describe_kill(test, error)}")
        if not found:
            print("LIVES")
        rows[name] = list(found)
    if keep:
        write_record(
            {name: tests for name, tests in {**read_record(), **rows}.items() if name in MUTANTS}
        )
    return 0 if all(rows.values()) else 1


def _print(matrix: Matrix) -> None:
    """Print a row for each mutant and a column for each test, numbered below."""
    numbers = {test: number for number, test in enumerate(CASES, 1)}
    width = max(map(len, matrix))
    for digit in (10, 1):
        print(" " * width, "".join(str(number // digit % 10) for number in numbers.values()))
    for name, tests in matrix.items():
        print(f"{name:<{width}}", "".join("x" if test in tests else "·" for test in CASES))
    print()
    for test, number in numbers.items():
        kills = sum(test in tests for tests in matrix.values())
        print(f"{number:>3}  {test} ({kills})")
    print(f"\n{len(matrix)} mutants, {len(CASES)} tests")


if __name__ == "__main__":
    sys.exit(main())
