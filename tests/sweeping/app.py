"""A search over a function of two numbers in the place of a training: `python app.py --multirun ...`.

It keeps a history a run, as `train` does, and can be told to fail, to die and to be cut off.
"""

from __future__ import annotations

import csv
import os
import signal
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig

from deepfake_audio.configs import command_line_errors, resource_folder
from deepfake_audio.errors import UserError
from deepfake_audio.sweeping.sweeper import offer_to_hydra

EPOCHS = 4


def search(config: DictConfig) -> float | None:
    """Best at x = 0.3, the better the smaller y is on a log scale."""
    job = HydraConfig.get()
    if str(job.job.num) == os.environ.get("DIES_AT"):
        os.kill(os.getpid(), getattr(signal, os.environ["DIES_BY"]))
    if config.kind == "bad":
        raise UserError("this kind\ncan't be built")
    if config.kind == "odd":
        return float("nan")
    value = 1 - (config.x - 0.3) ** 2 - config.y
    folder = Path(job.runtime.output_dir)
    with (folder / "history.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("epoch", "val_choice"))
        rows.writerows((epoch, value * (epoch + 1) / EPOCHS) for epoch in range(EPOCHS))
    return value


if __name__ == "__main__":
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv += [f"hydra.searchpath=[file://{resource_folder('conf')}]", "hydra.output_subdir=null"]
    with command_line_errors():
        offer_to_hydra()
        try:
            hydra.main(config_path=str(Path(__file__).parent), config_name="app", version_base="1.3")(
                search
            )()
        except HydraException as error:
            # As verbs do.
            raise UserError(f"refused by Hydra: {error}") from None
