"""Damage media files in ten thousand ways and read, extract and judge each: `python scripts/fuzz.py [--count N]`.

Every file must be answered or refused in one line, in time and in little memory; anything else ends with status 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> int:
    """Print a line for each road that the files went; 1 where a file did something else than it may."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="files (default 10,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--detector", metavar="DIR", help="default: the one that comes with the package")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="copy files that did harm there")
    options = parser.parse_args()
    from scripts.fuzzing.asking import as_row, ask_all

    told = ask_all(options.count, options.seed, options.jobs, options.detector, options.keep)
    rows = [as_row(name, part) for name, part in told.items()]
    print(_line(list(rows[0])))
    print(_line(["---"] * len(rows[0])))
    for row in rows:
        print(_line([str(cell) for cell in row.values()]))
    faults = [fault for part in told.values() for fault in part.faults]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
