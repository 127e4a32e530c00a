"""Make every split of FakeAVCeleb under `splits/` again: `python scripts/remake_splits.py --metadata meta_data.csv`.

Equal metadata give equal bytes. It prints the table of `splits/README.md`: what each split holds and leaks.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from deepfake_audio.configs import command_line_errors, resource_folder
from deepfake_audio.corpora.fakeavceleb import FakeAVCeleb
from deepfake_audio.splitting import apply_split, assign, counts, leakage, write_split

PREFIX = "fakeavceleb_v1.2_"
HELD_OUT = {
    "race": ("African", "Asian (East)", "Asian (South)", "Caucasian (American)", "Caucasian (European)"),
    "gender": ("men", "women"),
}
COLUMNS = (
    "split", "train / val / test clips", "voices", "fake", "left out", "test voices in train",
    "test clips whose voice is in train", "test clips whose face is in train",
)  # fmt: skip


def plans() -> dict[str, dict[str, Any]]:
    """What is asked of `assign` for each split, by its name."""
    dealt: dict[str, dict[str, Any]] = {
        f"voice_seed{seed}": {"policy": "voice", "seed": seed} for seed in range(3)
    }
    dealt |= {policy: {"policy": policy} for policy in ("strict", "source")}
    groups = {
        f"{column}_{_plain(value)}": {"policy": "group", "column": column, "test": [value]}
        for column, values in HELD_OUT.items()
        for value in values
    }
    return dealt | groups


def main(arguments: list[str] | None = None) -> None:
    """Write the splits and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--metadata", type=Path, required=True, help="meta_data.csv of FakeAVCeleb v1.2, in either form"
    )
    parser.add_argument("--out", type=Path, default=resource_folder("splits"), help="folder of the splits")
    options = parser.parse_args(arguments)
    with command_line_errors():
        clips = FakeAVCeleb(metadata=options.metadata).index()
        print(_line(COLUMNS))
        print(_line(["---"] * len(COLUMNS)))
        for name, plan in plans().items():
            split = assign(clips, **plan)
            write_split(split, options.out / f"{PREFIX}{name}.csv")
            applied = apply_split(clips, split, plan["policy"], column=plan.get("column"))
            print(_line([f"`{name}`", *_told(applied, len(clips))]))


def _told(applied: pd.DataFrame, clips: int) -> list[str]:
    """The cells of a split's row."""
    sides, leak = counts(applied), leakage(applied)
    return [
        " / ".join(f"{count['clips']:,}" for count in sides.values()),
        " / ".join(str(count["voices"]) for count in sides.values()),
        " / ".join(f"{count['fake'] / count['clips']:.3f}"[1:] for count in sides.values()),
        f"{clips - len(applied):,}",
        f"{leak['test_voices_in_train']:.0%}",
        f"{leak['test_clips_with_voice_in_train']:.0%}",
        f"{leak['test_clips_with_face_in_train']:.0%}",
    ]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: str) -> str:
    """`Asian (East)` -> `asian_east`."""
    return value.lower().replace(" (", "_").replace(")", "")


if __name__ == "__main__":
    main()
