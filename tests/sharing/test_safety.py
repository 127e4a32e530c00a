"""A stranger's folder is looked at before anything is built from it."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from deepfake_audio.detector import save_detector
from deepfake_audio.detector_format import NEWEST_FORMAT
from deepfake_audio.errors import UserError
from deepfake_audio.files import read_json
from deepfake_audio.models import NETWORKS, assembled, build_network
from deepfake_audio.runs import RunFolder
from deepfake_audio.sharing import from_pretrained
from deepfake_audio.sharing.safety import weight_shapes

from ..features.encoded import saved

Change = Callable[[dict[str, Any]], Any]


def network(**settings: Any) -> Change:
    return lambda config: config["network"].update(settings)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda config: config.update(format=NEWEST_FORMAT + 1), "upgrade deepfake-audio"),
        (lambda config: config.update(format=True), "says no format"),
        (lambda config: config.update(format="3"), "says no format"),
        (lambda config: config.update(window_samples=10**12), "window_samples"),
        (network(hidden=2**40), "out of all measure"),
        (network(hidden=60_000, channels=[60_000, 60_000]), "not the weights"),
        (network(dropout=float("inf")), "out of all measure"),
        (network(name="../../etc/passwd"), "names a path"),
        (network(name="timm", backbone="hf-hub:somebody/code"), "names a path"),
        (network(head={"name": "http://elsewhere"}), "names a path"),
        (network(weights="~/.ssh/id_rsa"), "names a path"),
        (network(strange=1), "describes no detector"),
        (lambda config: config["features"].update(n_fft=2**30), "out of all measure"),
        (lambda config: config.update(network="cnn"), "describes no detector"),
        (
            lambda config: config.update(network={"name": "fused", "members": [{"window_samples": 10**7}]}),
            "a member's window_samples=10000000 is no window within",
        ),
        (lambda config: config.update(network={"name": [[[[[[[[[[1]]]]]]]]]]}), "nested too deep"),
    ],
)
def test_a_config_that_asks_for_too_much(
    run: RunFolder, tmp_path: Path, change: Change, expected: str
) -> None:
    folder = copied(run, tmp_path)
    config = read_json(folder / "config.json")
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    refuses(folder, expected)


def test_no_memory_is_taken_for_a_network_that_does_not_fit(run: RunFolder, tmp_path: Path) -> None:
    """Its weights would be 130 GB."""
    folder = copied(run, tmp_path)
    config = read_json(folder / "config.json")
    config["network"].update(channels=[60_000, 60_000])
    (folder / "config.json").write_text(json.dumps(config))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuses(folder, "not the weights")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("pytorch_model.bin", b"x", "unpickled"),
        ("extra/Weights.PKL", b"x", "unpickled"),
        ("modeling.py", b"import os", "unpickled"),
        ("film.mkv", b"0" * (2**20 + 1), "no part of a detector"),
        ("config.json", b" " * (5 * 2**20), "no detector needs more"),
        ("config.json", b"[]", "no JSON object"),
        ("model.safetensors", (2**40).to_bytes(8, "little") + b"{}", "header"),
        ("model.safetensors", (2).to_bytes(8, "little") + b"{]", "no safetensors"),
        ("model.safetensors", (9).to_bytes(8, "little") + b'{"a": []}', "no safetensors"),
        ("model.safetensors", b"", "header"),
    ],
)
def test_files_that_do_not_belong(
    run: RunFolder, tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    folder = copied(run, tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    refuses(folder, expected)


def test_shapes_are_those_of_the_file(run: RunFolder, tmp_path: Path) -> None:
    """The header alone says what safetensors itself reads; a tensor more, less or wider is refused."""
    file = run.detector / "model.safetensors"
    weights = load_file(file)
    assert weight_shapes(file) == {name: list(weight.shape) for name, weight in weights.items()}
    name = next(iter(weights))
    wider = {**weights, name: torch.zeros(3, 5)}
    for changed in ({**weights, "more": torch.zeros(1)}, dict(list(weights.items())[1:]), wider):
        folder = copied(run, tmp_path / str(len(list(tmp_path.iterdir()))))
        save_file(changed, folder / "model.safetensors")
        refuses(folder, "not the weights")


# Of a fused network.
MEMBER: dict[str, Any] = {
    "features": {"name": "spectrum"},
    "network": {"name": "patches", "bins": 256},
    "window_samples": 80_000,
    "centre": 0.0,
    "spread": 1.0,
}


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"aasist", "aasist-l", "timm"}))
def test_every_network_is_known_without_its_memory(name: str) -> None:
    arguments: dict[str, Any] = {"members": [MEMBER, MEMBER]} if name == "fused" else {}
    real = build_network(name, **arguments).state_dict()
    with torch.device("meta"):
        found = build_network(name, **arguments).state_dict()
    assert {key: value.shape for key, value in found.items()} == {
        key: value.shape for key, value in real.items()
    }
    # Tables of a member's front end are made of values; how large they may be is checked before.
    assert all(value.is_meta for key, value in found.items() if ".features." not in key)


@pytest.mark.parametrize("kind", ["wavlm", "whisper"])
def test_an_encoder_that_travels_with_its_detector(kind: str, tmp_path: Path) -> None:
    """It is built from its own shape, without a file of transformers; another shape is refused."""
    saved(kind, tmp_path / "encoder")
    settings = {"name": "ssl", "path": str(tmp_path / "encoder")}
    features, told = assembled(settings, {"name": "ssl", "bins": None, "hidden": 4})
    config = {
        "features": features,
        "window_samples": 16_000,
        "network": told,
        "threshold": {"threshold": 0.5},
    }
    save_detector(tmp_path / "detector", config, build_network(**told).state_dict())
    shutil.rmtree(tmp_path / "encoder")
    detector = from_pretrained(tmp_path / "detector")
    assert 0 < detector.predict_waveform(np.random.default_rng(0).normal(0, 0.1, 16_000)).p_fake < 1
    config = read_json(tmp_path / "detector" / "config.json")
    layers = "num_hidden_layers" if kind == "wavlm" else "encoder_layers"
    config["network"]["front"]["config"][layers] = 3
    (tmp_path / "detector" / "config.json").write_text(json.dumps(config))
    refuses(tmp_path / "detector", "not the weights")


def copied(run: RunFolder, place: Path) -> Path:
    return Path(shutil.copytree(run.detector, place / "copy"))


def refuses(folder: Path, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as error:
        from_pretrained(folder)
    assert "\n" not in str(error.value)
