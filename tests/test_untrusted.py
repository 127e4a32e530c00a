"""Checkpoints, weights and detectors of strangers: refused with a reason, and nothing in them is run."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.files import read_json, read_json_list
from deepfake_audio.going_on import check_checkpoint
from deepfake_audio.models.weights import read_weights
from deepfake_audio.shipped import shipped_detector


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.file}'",)


def plain_pickle(file: Path, canary: Path) -> None:
    file.write_bytes(pickle.dumps({"state_dict": Canary(canary)}))


def within_a_checkpoint(file: Path, canary: Path) -> None:
    torch.save({"state_dict": {"a": torch.zeros(2)}, "callbacks": Canary(canary)}, file)


def of_the_old_kind(file: Path, canary: Path) -> None:
    torch.save({"state_dict": Canary(canary)}, file, _use_new_zipfile_serialization=False)


HARMS = (plain_pickle, within_a_checkpoint, of_the_old_kind)


@pytest.mark.parametrize("made", HARMS)
def test_nothing_in_a_file_is_run(made: Callable[[Path, Path], None], tmp_path: Path) -> None:
    file, canary = tmp_path / "a.ckpt", tmp_path / "canary"
    made(file, canary)
    for read in (check_checkpoint, read_weights):
        with pytest.raises(UserError) as error:
            read(file)
        assert str(file) in str(error.value) and "\n" not in str(error.value)
    assert not canary.exists()
    if made is plain_pickle:
        pickle.loads(file.read_bytes())
    else:
        torch.load(file, weights_only=False)
    assert canary.exists(), "it would have been"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"state_dict": {"a": torch.tensor([1.0, float("nan")])}}, "NaN"),
        ({"state_dict": [1]}, "no state_dict"),
        ({"weights": {}}, "no state_dict"),
        ([1, 2], "holds list"),
        (b"", "cannot be read"),
        (b"PK\x03\x04" + b"\xff" * 200, "cannot be read"),
        (b"\x80\x02" + b"(" * 2000, "cannot be read"),
        (
            b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
            "cannot be read",
        ),
    ],
)
def test_a_checkpoint_that_is_none(content: Any, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "a.ckpt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(UserError, match=expected) as error:
        check_checkpoint(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "weight", [torch.zeros(1).expand(10**13), torch.empty(3, device="meta")], ids=["endless", "empty"]
)
def test_what_is_no_plain_weight_is_refused(weight: torch.Tensor, tmp_path: Path) -> None:
    torch.save({"a": weight}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="no plain weights"):
        read_weights(tmp_path / "a.pt")


def test_small_numbers_are_read_and_looked_at(tmp_path: Path) -> None:
    numbers = torch.tensor([1.0, -2.0]).to(torch.float8_e4m3fn)
    torch.save({"a": numbers}, tmp_path / "a.pt")
    assert read_weights(tmp_path / "a.pt")["a"].float().tolist() == [1, -2]
    torch.save({"a": torch.tensor([float("nan")]).to(torch.float8_e4m3fn)}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="NaN"):
        read_weights(tmp_path / "a.pt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_detector(), tmp_path / "detector"))


@pytest.mark.parametrize("name", ["weights.pkl", "below/model.PT", "extra.npy"])
def test_a_detector_with_a_pickle_inside(folder: Path, name: str) -> None:
    canary = folder.parent / "canary"
    (folder / name).parent.mkdir(exist_ok=True)
    plain_pickle(folder / name, canary)
    with pytest.raises(UserError, match="unpickled have no place"):
        load_detector(folder)
    (folder / name).replace(folder / "model.safetensors")
    with pytest.raises(UserError):
        load_detector(folder)
    assert not canary.exists()


def test_a_detector_whose_parts_do_not_fit(folder: Path) -> None:
    weights, file = load_file(folder / "model.safetensors"), folder / "model.safetensors"
    name, tensor = next((name, tensor) for name, tensor in weights.items() if tensor.is_floating_point())
    spoilt = tensor.clone().flatten()
    spoilt[0] = float("nan")
    whole, config = file.read_bytes(), read_json(folder / "config.json")
    header = json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])
    header[name]["shape"] = [2**40]
    lie = json.dumps(header).encode()
    cases: list[tuple[bytes | dict[str, Any], str]] = [
        ({**weights, "more": torch.zeros(1)}, "more"),
        ({**weights, name: torch.zeros(3, 3, 3, 3)}, name),
        ({**weights, name: spoilt.view_as(tensor)}, "NaN or infinite"),
        ((2**60).to_bytes(8, "little") + whole[8:], "has a header of"),
        (len(lie).to_bytes(8, "little") + lie, "holds not the weights"),
        (len(b"[" * 9999).to_bytes(8, "little") + b"[" * 9999, "no safetensors file"),
        (whole[:-10], "cannot be read"),
    ]
    for content, expected in cases:
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            save_file(content, file)
        with pytest.raises(UserError, match=expected) as error:
            load_detector(folder)
        assert "\n" not in str(error.value)
    file.write_bytes(whole)
    (folder / "config.json").write_text(
        json.dumps({**config, "network": {**config["network"], "strange": 1}})
    )
    with pytest.raises(UserError, match="describes no detector"):
        load_detector(folder)
    (folder / "config.json").write_text(json.dumps(config))
    assert np.isfinite(load_detector(folder).threshold)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "9" * 10_000, "\ufeff{", "{", "\0"])
def test_json_that_is_a_bomb(text: str, tmp_path: Path) -> None:
    file = tmp_path / "threshold.json"
    file.write_text(text)
    for read in (read_json, read_json_list):
        with pytest.raises(UserError, match="no valid JSON") as error:
            read(file)
        assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_json_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(UserError, match="none of ours needs more"):
        read_json(file)
    with pytest.raises(UserError, match="cannot be read"):
        read_json(tmp_path)
