"""Runs as one table, as it stands in docs/models.md: what each costs, and what it can do.

    python scripts/model_table.py outputs/models/* [--device cuda]

Parameters (of trees: leaves), floating-point operations and speed are measured here, of the shipped detector with its
front end, on 4 s of noise; the figures are the runs' own. A run's name in the table is its folder's.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfake_audio.configs import command_line_errors

if TYPE_CHECKING:
    from torch import nn

    from deepfake_audio.detector import Detector

CLIP_SECONDS = 4.0
BATCH = 16
# The middle of so many tries, after one that warms up.
TRIES = 5
HEADS = ("model", "features", "parameters", "GFLOPs", "ms/clip", "val EER %", "test EER %", "test F2 (all fake)",
         "false alarms")  # fmt: skip


def main() -> None:
    """Measure, and print the table as markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--device", default="cpu", help="where speed is measured (default cpu)")
    options = parser.parse_args()
    with command_line_errors():
        rows = [row(run, options.device) for run in options.runs]
    for cells in (HEADS, ["---"] * len(HEADS), *rows):
        print(f"| {' | '.join(cells)} |")


def row(run: Path, device: str) -> list[str]:
    """One line of the table."""
    from deepfake_audio.detector import load_detector
    from deepfake_audio.files import read_json

    detector = load_detector(run, device)
    figures = read_json(run / "metrics.json")
    network = detector.config["network"]
    heard = network.get("front", detector.config["features"])["name"]
    test = figures["test"]
    return [
        run.name,
        heard,
        size(detector.network),
        # On the CPU: a GPU's own kernels for a GRU are not counted.
        f"{gflops(load_detector(run)):.2f}",
        f"{milliseconds(detector):.1f}",
        percent(figures["val"], "eer"),
        percent(test, "eer"),
        f"{test['f2']:.2f} ({test['f2_all_fake']:.2f})",
        f"{test['false_alarm_rate']:.2f}",
    ]


def size(network: nn.Module) -> str:
    """How many numbers were learnt by gradients; trees have none, and are as large as they have leaves."""
    import torch

    from deepfake_audio.models.boost import Boost

    if isinstance(network, Boost):
        # A leaf leads to itself; what was left over of a tree's room leads to the root.
        itself = torch.arange(network.left.shape[1], device=network.left.device)
        return f"{int((network.left == itself).sum()):,} leaves"
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"


def percent(figures: dict[str, Any], name: str) -> str:
    """A figure in percent, with its interval over voices where it has one."""
    told = f"{100 * figures[name]:.1f}"
    interval = figures["intervals"].get(name)
    return f"{told} [{100 * interval[0]:.0f}, {100 * interval[1]:.0f}]" if interval else told


def gflops(detector: Detector) -> float:
    """Floating-point operations of a detector on the CPU for one clip; what is no product is not counted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    waveform = torch.randn(1, round(CLIP_SECONDS * detector.sample_rate)) * 0.1
    # Not in inference mode, which hides from the counter how some layers are computed.
    detector.network.requires_grad_(False)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        detector.network(*detector.features(waveform, torch.tensor([waveform.shape[1]])))
    return counter.get_total_flops() / 1e9


def milliseconds(detector: Detector) -> float:
    """From waveform to logit for one clip of a batch."""
    import torch

    batch = torch.randn(BATCH, round(CLIP_SECONDS * detector.sample_rate)) * 0.1
    taken = []
    for _ in range(TRIES + 1):
        began = time.perf_counter()
        # It ends on the CPU, so that the clock waits for the device.
        detector.score(batch)
        taken.append(time.perf_counter() - began)
    return 1000 * sorted(taken[1:])[TRIES // 2] / BATCH


if __name__ == "__main__":
    main()
