"""Runs that are to judge together (`model=fused`): what each is, and whether it may be asked about these clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from .detector import Detector, load_detector
from .detector_format import detector_folder
from .errors import UserError, named
from .features import build_features
from .features.waveform import Waveform
from .listening.operating_points import read_validation
from .models.fused import FEWEST_SAMPLES, Fused, Member
from .models.network import Network
from .neutral import build_neutral
from .runs import RunFolder
from .splitting.sides import read_split


def with_members(network: dict[str, Any], plain: dict[str, Any], clips: pd.DataFrame) -> dict[str, Any]:
    """The settings of `model=fused` with what each run's detector is built from in the place of the run's folder.

    Args:
        plain: the settings of the run that fuses them.
        clips: with the `split` of that run.
    """
    runs = network["members"]
    if not isinstance(runs, list | tuple) or not all(isinstance(run, str) for run in runs):
        raise UserError("model=fused needs the runs to fuse: model.members=[RUN,RUN]")
    _check_untouched(plain["features"])
    return {**network, "members": [_member(Path(run), plain, clips) for run in runs]}


def load_members(network: Network, runs: Sequence[str]) -> None:
    """Each run's weights into its member of a fused network."""
    assert isinstance(network, Fused)
    for member, run in zip(network.members, runs, strict=True):
        assert isinstance(member, Member)
        detector = load_detector(run)
        member.network.load_state_dict(detector.network.state_dict())
        network.heard_elsewhere |= bool(detector.config.get("heard_elsewhere"))


def _member(run: Path, plain: dict[str, Any], clips: pd.DataFrame) -> dict[str, Any]:
    detector = load_detector(run)
    if detector.config["network"]["name"] == "fused":
        # Of what its own members learnt from, its folder says nothing.
        raise UserError(f"model.members: {run} is fused itself: name the runs that it was made of")
    _check_hears_alike(run, detector, plain)
    _check_sides(run, clips)
    logits = read_validation(detector_folder(run))["logit"]
    if not logits.std() > 0:
        raise UserError(f"model.members: {run} gives every clip of validation the same score")
    return {
        "features": detector.config["features"],
        "network": detector.config["network"],
        "window_samples": detector.window_samples,
        "centre": float(logits.mean()),
        "spread": float(logits.std()),
    }


def _check_untouched(features: dict[str, Any]) -> None:
    """Members must hear what they heard alone."""
    made = build_features(**features)
    if not isinstance(made, Waveform) or made.level != "none" or made.preemphasis:
        raise UserError(
            "model=fused hears the waveform as it is: leave features.level and features.preemphasis out, and give "
            "features=waveform"
        )


def _check_hears_alike(run: Path, detector: Detector, plain: dict[str, Any]) -> None:
    """Recordings are made neutral once for all members, before any of them cuts windows of its own."""
    rate = plain["features"]["sample_rate"]
    if detector.sample_rate != rate:
        raise UserError(
            f"model.members: {run} hears {detector.sample_rate} samples a second: give "
            f"features.sample_rate={detector.sample_rate}"
        )
    window_samples = round(plain["data"]["window_seconds"] * rate)
    seconds = detector.window_samples / rate
    if detector.window_samples > window_samples:
        raise UserError(
            f"model.members: {run} hears windows of {seconds:g} s: give data.window_seconds={seconds:g} or more"
        )
    if detector.window_samples < FEWEST_SAMPLES:
        raise UserError(
            f"model.members: {run} hears windows of {detector.window_samples} samples: leave it out, at least "
            f"{FEWEST_SAMPLES} are needed"
        )
    of_windows = replace(detector.neutral, silence_db=None)
    if detector.window_samples < window_samples and not of_windows.does_nothing:
        raise UserError(
            f"model.members: {run} hears each window of {seconds:g} s through neutral by itself: give "
            f"data.window_seconds={seconds:g}, which all members must have then"
        )
    if detector.neutral != build_neutral(**plain["neutral"]):
        raise UserError(
            f"model.members: {run} was trained with other settings of neutral than this run has: give those"
        )


def _check_sides(run: Path, clips: pd.DataFrame) -> None:
    """What a run has learnt from or was chosen by must not be what its fused detector is judged by."""
    file = RunFolder(run).split
    if not file.is_file():
        raise UserError(
            f"model.members: {run} has no {file.name}, so nobody knows what it learnt from: give a run"
        )
    sides = read_split(file).sides
    learnt = _was(clips, sides, "train") & clips["split"].isin(("val", "test"))
    chosen = _was(clips, sides, "val") & (clips["split"] == "test")
    for used, words in ((learnt, "learnt from {} clips that are in this run's val or test"),
                        (chosen, "was chosen by {} clips that are in this run's test")):  # fmt: skip
        if used.any():
            raise UserError(
                f"model.members: {run} {words.format(used.sum())}: {named(list(clips.loc[used, 'clip']))}; "
                "give all runs one split"
            )


def _was(clips: pd.DataFrame, sides: dict[str, str], side: str) -> pd.Series:
    """Which clips were on that side of a run, under the name that a clip has alone or among several corpora."""
    was = clips["clip"].map(sides) == side
    if "corpus" in clips:
        corpora = clips["corpus"] + "/"
        bare = [name.removeprefix(of) for name, of in zip(clips["clip"], corpora, strict=True)]
        for names in (pd.Series(bare, index=clips.index), corpora + bare):
            was |= names.map(sides) == side
    return was
