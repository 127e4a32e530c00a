"""What an exported file tells of itself, so that it is enough by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import UserError

if TYPE_CHECKING:
    from ..detector import Detector

# Of the exported file, not of the detector's folder: readers refuse what is newer than they know.
EXPORT_FORMAT = 1
FORMAT_KEY = "deepfake_audio_export"
# What the reader needs, and no setting of the network, which is in the graph.
TAKEN = ("window_samples", "threshold", "calibration", "heard", "corpus", "versions")


def of_detector(detector: Detector) -> dict[str, str]:
    """What its config says and a reader needs: every value as JSON."""
    config = detector.config
    told: dict[str, Any] = {
        FORMAT_KEY: EXPORT_FORMAT,
        "sample_rate": config["features"]["sample_rate"],
        **{key: config[key] for key in TAKEN if config.get(key) is not None},
        "neutral": asdict(detector.neutral),
        "labels": {"0": "real", "1": "fake"},
        "meaning": "p_fake is the probability that the voice is fake (label 1): fake from the threshold on",
        "model": f"{config['network']['name']} on {config['features']['name']}",
    }
    return {key: json.dumps(value, ensure_ascii=False) for key, value in told.items()}


def read(file: str, properties: Mapping[str, str]) -> dict[str, Any]:
    """The same as values, checked."""
    if FORMAT_KEY not in properties:
        raise UserError(
            f"{file} is no detector of ours: write one with `python -m deepfake_audio.export --detector DIR`"
        )
    try:
        told = {key: json.loads(value) for key, value in properties.items()}
        newest = int(told[FORMAT_KEY])
        _ = told["threshold"]["threshold"], told["window_samples"], told["sample_rate"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{file} says nothing that makes sense about itself ({error}): export it again"
        ) from None
    if newest > EXPORT_FORMAT:
        raise UserError(
            f"{file} is of export format {newest} and this version reads up to {EXPORT_FORMAT}: upgrade deepfake-audio"
        )
    return told
