"""A vocoder as an ONNX file: a small one is built here, of the shapes that real ones have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchaudio
from scipy.signal import resample_poly

from deepfake_audio.errors import UserError
from deepfake_audio.forging.onnx import OnnxVocoder
from deepfake_audio.forging.systems import build_systems, copy_synthesis

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

MELS, HOP = 80, 256


def write_vocoder(path: Path, mels: int = MELS, hop: int = HOP) -> np.ndarray:
    """One transposed convolution, as a vocoder's last stage: [1, mels, F] -> [1, 1, F * hop]; its kernel."""
    rng = np.random.default_rng(0)
    kernel = (rng.normal(size=(mels, 1, hop)) / mels).astype(np.float32)
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["mel", "kernel"], ["wave"], strides=[hop], kernel_shape=[hop])],
        "vocoder",
        [helper.make_tensor_value_info("mel", real, [1, mels, "frames"])],
        [helper.make_tensor_value_info("wave", real, [1, 1, "samples"])],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return kernel[:, 0]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("vocoder") / "tiny.onnx"
    write_vocoder(path)
    return str(path)


@pytest.mark.parametrize(
    ("settings", "reference"),
    [
        ({}, {"power": 1.0, "norm": "slaney", "mel_scale": "slaney", "f_max": 8000.0}),
        (
            {"power": 2.0, "mel_norm": "none", "mel_scale": "htk", "f_min_hz": 50.0, "f_max_hz": 11_025.0},
            {"power": 2.0, "norm": None, "mel_scale": "htk", "f_min": 50.0, "f_max": 11_025.0},
        ),
        ({"window_samples": 800, "hop_samples": 200}, {"power": 1.0, "norm": "slaney", "mel_scale": "slaney",
          "f_max": 8000.0, "win_length": 800, "hop_length": 200}),
    ],
)  # fmt: skip
def test_its_mel_spectrogram_is_what_it_was_trained_on(
    file: str, settings: dict[str, Any], reference: dict[str, Any]
) -> None:
    wave = np.random.default_rng(0).normal(0, 0.1, 22_050)
    mel = OnnxVocoder(file, **settings).mel_spectrogram(wave)
    hop = reference.get("hop_length", HOP)
    frames = -(-len(wave) // hop)
    before = (1024 - hop) // 2
    padded = np.pad(wave, (before, frames * hop - len(wave) + 1024 - hop - before), "reflect")
    transform = torchaudio.transforms.MelSpectrogram(
        22_050, n_fft=1024, n_mels=MELS, center=False, **{"hop_length": HOP, **reference}
    )
    expected = transform(torch.tensor(padded, dtype=torch.float32)).clamp_min(1e-5).log().numpy()
    assert mel.shape == (MELS, frames)
    assert np.allclose(mel, expected[:, :frames], atol=1e-3)


def test_what_the_network_makes_of_the_mel_comes_out_at_16_khz(file: str, tmp_path: Path) -> None:
    kernel = write_vocoder(tmp_path / "same.onnx")
    vocoder = OnnxVocoder(file)
    wave = np.random.default_rng(1).normal(0, 0.1, 16_000)
    heard = vocoder(np.random.default_rng(5), wave)
    level = 10 ** (np.random.default_rng(5).uniform(-3, 3) / 20)
    mel = vocoder.mel_spectrogram(resample_poly(wave, 441, 320) * level)
    expected = resample_poly((mel.T @ kernel).ravel(), 320, 441)[:16_000]
    assert heard.shape == (16_000,)
    assert np.allclose(heard, expected, atol=1e-4)


def test_it_forges_under_its_own_name_beside_the_others(file: str, voices: list[np.ndarray]) -> None:
    systems = build_systems(["tiny", "lpc"], {"tiny": {"file": file}})
    assert list(systems) == ["tiny", "lpc"]
    fake = copy_synthesis(systems["tiny"], np.random.default_rng(0), voices[0])
    assert fake.shape == voices[0].shape
    assert fake.std() == pytest.approx(voices[0].std(), rel=0.3)


def test_what_is_wrong_with_a_vocoder_is_said_before_any_work(file: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.onnx"
    odd.write_bytes(b"no network")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"file": str(tmp_path / "none.onnx")}, "is missing"),
        ({"file": str(odd)}, "cannot be loaded as an ONNX network"),
        ({"file": file, "mels": 64}, r"does not take a mel spectrogram of shape \[1, 64, "),
        ({"file": file, "hop_samples": 200}, "hop_samples=200 asks for"),
        ({"file": file, "hop": 256}, "unexpected keyword argument 'hop'"),
        ({}, "missing 1 required positional argument: 'file'"),
        ({"file": file, "logarithm": "two"}, "logarithm=two is not known"),
        ({"file": file, "mel_scale": "bark"}, "mel_scale"),
        ({"file": file, "n_fft": 512}, "n_fft"),
    ]
    for settings, told in wrong:
        with pytest.raises(UserError, match=told):
            build_systems(["v"], {"v": settings})


def test_the_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_vocoder(tmp_path / "new.onnx")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"pip install 'deepfake-audio\[onnx\]'"):
        build_systems(["v"], {"v": {"file": str(tmp_path / "new.onnx")}})
