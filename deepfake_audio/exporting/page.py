"""A folder that is a page: it runs an exported detector in the reader's own browser, and sends nothing anywhere."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import replacing, write_json, write_text
from ..listening import cautions
from ..listening.conditions import Conditions
from ..report.style import STYLE
from .runtime import ExportedDetector

PARTS = Path(__file__).parent / "web"
SCRIPTS = ("index.html", "open.js", "page.js", "hearing.js")
# onnxruntime-web without what GPUs need: the module, its glue, and the runtime as WebAssembly.
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
# The version that the page is tested with.
PACKAGE = "onnxruntime-web@1.30.0"
FETCH_SECONDS = 600


def write_page(folder: Path, model: Path, onnxruntime_web: Path | None = None) -> None:
    """Make the page of an ONNX file in `folder`.

    Args:
        onnxruntime_web: a `node_modules`, or the package's own folder; None fetches it by npm.
    """
    told = ExportedDetector(model, threads=1).about
    if onnxruntime_web is None:
        with tempfile.TemporaryDirectory() as fetched:
            _copy_runtime(_fetched(Path(fetched)), folder)
    else:
        _copy_runtime(onnxruntime_web, folder)
    for name in SCRIPTS:
        _copy(PARTS / name, folder / name)
    write_text(folder / "page.css", STYLE + (PARTS / "page.css").read_text(encoding="utf-8"))
    _copy(model, folder / "detector.onnx")
    write_json(folder / "detector.json", {**told, "doubts": standing_doubts(told)})


def standing_doubts(told: Mapping[str, Any]) -> list[str]:
    """What would keep one from relying on the detector, however good the recording."""
    best = Conditions(60.0, 0.0, 0.0, -20.0, -60.0, math.inf)
    # No P(fake) at all, and so none that is near the threshold.
    return list(cautions.doubts(best, -1.0, told["threshold"], None, told["sample_rate"] / 2))


def runtime_folder(place: Path) -> Path:
    """Where the files of onnxruntime-web lie under a `node_modules`, or the package itself."""
    for folder in (place / "onnxruntime-web" / "dist", place / "node_modules" / "onnxruntime-web" / "dist",
                   place / "dist", place):  # fmt: skip
        if all((folder / name).is_file() for name in RUNTIME):
            return folder
    raise UserError(
        f"{place} holds no onnxruntime-web ({', '.join(RUNTIME)}): run `npm install {PACKAGE}`, give its node_modules"
    )


def _copy_runtime(place: Path, folder: Path) -> None:
    source = runtime_folder(place)
    for name in RUNTIME:
        _copy(source / name, folder / name)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        shutil.copyfile(source, part)


def _fetched(folder: Path) -> Path:
    """The package as npm gives it, in a folder of its own; nothing of it is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"the page needs onnxruntime-web, and there is no npm to fetch it: run `npm install {PACKAGE}` "
            "elsewhere and give its node_modules with --onnxruntime-web"
        )
    # It would look for a package.json further up, and change that one.
    (folder / "package.json").write_text(json.dumps({"private": True}))
    command = [npm, "install", PACKAGE, "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"npm did not bring {PACKAGE} within {FETCH_SECONDS} s: try again") from None
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if "error" in line.lower()] or [""]
        raise UserError(f"npm could not fetch {PACKAGE}: {told[0].strip()[:200]}")
    return folder / "node_modules"
