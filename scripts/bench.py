"""What everything costs, each thing beside another way of doing the same: `python scripts/bench.py [MEASURE ...]`.

Prints a table, and leaves `bench.json` and pictures of how cost grows in `--out`. Measures that are named alone
renew their own part of `bench.json`, if it is of this machine; `--docs` puts what it holds into docs/speed.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import get_context, get_start_method
from pathlib import Path
from typing import Any

from scripts.benching.frame import Point, Row, as_a_command

# In the order in which data goes through them.
MEASURES = ("extracting", "tables", "feeding", "stepping", "predicting", "tuning", "starting")
PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
RESULT, PICTURE = "bench.json", "speed.png"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; 1 if a measure could not be taken."""
    options = _parser().parse_args(arguments)
    unknown = [name for name in options.measures if name not in MEASURES]
    if unknown:
        print(f"error: no measure {unknown[0]!r}; there is {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    if options.docs:
        return _into_docs(options.out)
    told = measure(options.measures or MEASURES, options.quick, options.out)
    show(told, options.out)
    return 1 if told["missing"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python scripts/bench.py", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"{', '.join(MEASURES)}; all if none is named"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few repeats: to see that it runs"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("outputs/bench"), metavar="DIR", help="outputs/bench"
    )
    parser.add_argument(
        "--docs", action="store_true", help="measure nothing; renew docs/speed.md from bench.json"
    )
    return parser


def measure(names: tuple[str, ...] | list[str], quick: bool, out: Path) -> dict[str, Any]:
    """The content of `bench.json`: each measure has a process of its own, so that none leaves the next anything."""
    from deepfake_audio.provenance import hardware, versions

    told = _begun(out / RESULT, {"quick": quick, "hardware": hardware(), "versions": versions()})
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        began = time.perf_counter()
        told["missing"].pop(name, None)
        try:
            with (
                tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as work,
                ProcessPoolExecutor(
                    1,
                    mp_context=get_context("spawn"),
                    initializer=as_a_command,
                    initargs=(get_start_method(),),
                ) as process,
            ):
                found = process.submit(taken, name, work, quick).result()
        except Exception as error:
            # One measure that fails must not cost the others theirs.
            traceback.print_exc()
            told["missing"][name] = f"{type(error).__name__}: {error}"
            print(f"{name} could not be measured: see above", file=sys.stderr)
            continue
        seconds = time.perf_counter() - began
        made = datetime.now(UTC).isoformat(timespec="seconds")
        told["measures"][name] = {"made": made, "seconds": round(seconds, 1), **found}
        print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
        _write(told, out / RESULT)
    _write(told, out / RESULT)
    return told


def taken(name: str, work: str, quick: bool) -> dict[str, Any]:
    """The lines of one measure and the points of its curves, as JSON holds them."""
    module = import_module(f"scripts.benching.{name}")
    folders = [Path(work) / part for part in ("rows", "growth")]
    for folder in folders:
        folder.mkdir()
    rows: list[Row] = module.rows(folders[0], quick)
    shutil.rmtree(folders[0])
    points: list[Point] = module.growth(folders[1], quick) if hasattr(module, "growth") else []
    return {"rows": [asdict(row) for row in rows], "points": [asdict(point) for point in points]}


def _begun(file: Path, about: dict[str, Any]) -> dict[str, Any]:
    """What stands in the file already, if it was measured on the same; else nothing yet."""
    if file.is_file():
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if all(told.get(key) == value for key, value in about.items()):
            return told
    return {**about, "measures": {}, "missing": {}}


def _write(told: dict[str, Any], file: Path) -> None:
    from deepfake_audio.files import write_json

    order = {name: told["measures"][name] for name in MEASURES if name in told["measures"]}
    write_json(file, {**told, "measures": order})


def show(told: dict[str, Any], out: Path) -> None:
    """The table on stdout, and the pictures."""
    from scripts.benching.curves import picture
    from scripts.benching.paper import on_paper
    from scripts.benching.table import paper_text, text

    print(text(rows_of(told)))
    points = points_of(told)
    if points:
        picture(points).savefig(out / PICTURE, dpi=120)
        print(f"\n{paper_text(on_paper(points))}")
    for name, reason in told["missing"].items():
        print(f"{name} is missing: {reason}", file=sys.stderr)
    print(f"\n{out / RESULT}", file=sys.stderr)


def rows_of(told: dict[str, Any]) -> list[Row]:
    return [Row(**row) for found in told["measures"].values() for row in found["rows"]]


def points_of(told: dict[str, Any]) -> list[Point]:
    return [Point(**point) for found in told["measures"].values() for point in found["points"]]


def _into_docs(out: Path) -> int:
    from deepfake_audio.files import replacing, write_text
    from scripts.benching.curves import picture
    from scripts.benching.paper import on_paper
    from scripts.benching.table import section, spliced

    if not (out / RESULT).is_file():
        print(f"error: there is no {out / RESULT}: run it without --docs first", file=sys.stderr)
        return 2
    told = json.loads((out / RESULT).read_text(encoding="utf-8"))
    points = points_of(told)
    page = spliced(PAGE.read_text(encoding="utf-8"), section(told, rows_of(told), points, on_paper(points)))
    with replacing(PAGE.with_name(PICTURE)) as part:
        picture(points).savefig(part, dpi=120)
    write_text(PAGE, page)
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
