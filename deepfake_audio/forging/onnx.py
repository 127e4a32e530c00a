"""A neural vocoder given as an ONNX file: the mel spectrogram of real speech goes in, a waveform comes out."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..errors import UserError
from .frames import SAMPLE_RATE_HZ, Floats, window

LOGARITHMS: dict[str, Callable[[Floats], Floats]] = {
    "natural": np.log,
    "ten": np.log10,
    "none": lambda values: values,
}
# Vocoders answer to how loud a voice is; by so much either way it is drawn.
LEVEL_DB = 3.0


@dataclass(frozen=True)
class OnnxVocoder:
    """A file and the mel spectrogram that it was trained on; as they stand, those of the published HiFi-GAN.

    The network takes [1, mels, F] and returns the F * hop_samples samples of those frames, in any shape.

    Args:
        power: 1 for mel bands of magnitudes, 2 of energies.
        logarithm: natural, ten or none.
        floor: what a band holds at least before the logarithm.
        mel_scale: slaney (librosa's own) or htk.
        mel_norm: slaney (each band has unit area) or none.
    """

    file: str
    sample_rate: int = 22_050
    n_fft: int = 1024
    window_samples: int = 1024
    hop_samples: int = 256
    mels: int = 80
    f_min_hz: float = 0.0
    f_max_hz: float = 8000.0
    power: float = 1.0
    logarithm: str = "natural"
    floor: float = 1e-5
    mel_scale: str = "slaney"
    mel_norm: str = "slaney"

    def __call__(self, rng: Generator, wave: Floats) -> Floats:
        """[T] -> [T] at 16 kHz."""
        # Slow to import, and most forge without a vocoder of their own.
        from scipy.signal import resample_poly

        level = 10 ** (rng.uniform(-LEVEL_DB, LEVEL_DB) / 20)
        common = gcd(self.sample_rate, SAMPLE_RATE_HZ)
        up, down = self.sample_rate // common, SAMPLE_RATE_HZ // common
        mel = self.mel_spectrogram(resample_poly(wave, up, down) * level)
        spoken = self._run(mel[None].astype(np.float32))
        heard = np.asarray(resample_poly(spoken, down, up))
        return np.pad(heard, (0, max(0, len(wave) - len(heard))))[: len(wave)]

    def mel_spectrogram(self, wave: Floats) -> Floats:
        """[T] at the vocoder's rate -> [mels, F], the last frame flush with the end or a little over it."""
        before = (self.n_fft - self.hop_samples) // 2
        whole = -(-len(wave) // self.hop_samples) * self.hop_samples
        padded = np.pad(wave, (before, whole - len(wave) + self.n_fft - self.hop_samples - before), "reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop_samples]
        left = (self.n_fft - self.window_samples) // 2
        shape = np.pad(window(self.window_samples), (left, self.n_fft - self.window_samples - left))
        bands = np.abs(np.fft.rfft(frames * shape, axis=1)) ** self.power @ self._filters()
        return np.asarray(LOGARITHMS[self.logarithm](np.maximum(bands, self.floor)).T)

    def check(self) -> None:
        """Raise if it is no vocoder for these settings: tried on half a second of noise."""
        if self.logarithm not in LOGARITHMS:
            raise UserError(
                f"{self.file}: logarithm={self.logarithm} is not known: give {', '.join(LOGARITHMS)}"
            )
        if not self.hop_samples <= self.window_samples <= self.n_fft:
            raise UserError(
                f"{self.file}: hop_samples, window_samples and n_fft must not fall in this order, but are "
                f"{self.hop_samples}, {self.window_samples} and {self.n_fft}"
            )
        noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ // 2)
        self(np.random.default_rng(0), noise)

    def _filters(self) -> NDArray[np.float64]:
        """Triangles of the mel bands -> [n_fft // 2 + 1, mels]."""
        return _mel_filters(
            self.n_fft // 2 + 1,
            self.f_min_hz,
            self.f_max_hz,
            self.mels,
            self.sample_rate,
            None if self.mel_norm == "none" else self.mel_norm,
            self.mel_scale,
        )

    def _run(self, mel: NDArray[np.float32]) -> Floats:
        """[1, mels, F] -> [F * hop_samples]."""
        session = _session(self.file, os.getpid())
        try:
            (answer, *_) = session.run(None, {session.get_inputs()[0].name: mel})
        except Exception as error:  # onnxruntime's own kinds share no base of their own
            raise UserError(
                f"{self.file} does not take a mel spectrogram of shape {list(mel.shape)}: "
                f"{' '.join(str(error).split())[:200]}"
            ) from None
        spoken = np.asarray(answer, dtype=np.float64).ravel()
        wanted = mel.shape[2] * self.hop_samples
        if len(spoken) != wanted:
            raise UserError(
                f"{self.file} makes {len(spoken)} samples of {mel.shape[2]} frames, but hop_samples="
                f"{self.hop_samples} asks for {wanted}: correct the settings of this vocoder"
            )
        return spoken


@functools.lru_cache(maxsize=8)
def _mel_filters(*settings: Any) -> NDArray[np.float64]:
    from torchaudio.functional import melscale_fbanks

    return np.asarray(melscale_fbanks(*settings).numpy(), dtype=np.float64)


@functools.lru_cache(maxsize=4)
def _session(file: str, process: int) -> Any:
    """One a process, for it takes longer to load than a clip to forge; one that came over a fork is not used."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError(
            "vocoders given as ONNX files need onnxruntime: pip install 'deepfake-audio[onnx]'"
        ) from None
    if not Path(file).is_file():
        raise UserError(f"the vocoder {file} is missing")
    options = onnxruntime.SessionOptions()
    # Several processes forge at once; each has one core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"the vocoder {file} cannot be loaded as an ONNX network: {reason}") from None
