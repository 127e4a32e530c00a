"""A trained detector as a folder of data: save it, load it, ask it about a file.

The folder holds `config.json` (everything needed to rebuild the features and the network, the threshold and
how it was chosen), `model.safetensors` (weights) and `README.md` (the card). No code and no pickle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .audio import padded, window_starts
from .detector_format import CALIBRATED_FORMAT, format_of
from .errors import UserError
from .evaluation import calibration
from .features import build_features
from .files import read_json, replacing, write_json
from .models import build_network
from .neutral import build_neutral
from .verdict import Verdict, WindowScore

# The newest that can be read, see `detector_format`.
FORMAT = CALIBRATED_FORMAT
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
# Shorter than this there is hardly a syllable to judge by.
SHORTEST_SECONDS = 0.5
# Windows of a long recording that go through the network together.
WINDOWS_AT_ONCE = 16


class Detector:
    """A front end, a network and a threshold. `load_detector` makes one from its folder."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Tensor], device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        self.sample_rate: int = config["features"]["sample_rate"]
        self.window_samples: int = config["window_samples"]
        self.threshold = float(config["threshold"]["threshold"])
        # Calling nothing fake is a threshold just above 1; anything else out of range would pass every fake.
        if not 0 <= self.threshold < 1.001 or self.window_samples < 1 or self.sample_rate < 1:
            raise ValueError("threshold, window_samples or sample_rate is out of range")
        self.calibration = calibration.from_config(config.get("calibration"))
        self.neutral = build_neutral(**config.get("neutral") or {})
        self.features = build_features(**config["features"]).to(self.device).eval()
        self.network = build_network(**config["network"])
        self.network.load_state_dict(weights)
        self.network.to(self.device).eval()

    @torch.inference_mode()
    def score(self, waveform: Tensor, samples: Tensor | None = None) -> Tensor:
        """Logits of windows: [B, T] (valid lengths [B], default all) -> [B]."""
        if samples is None:
            samples = torch.full((len(waveform),), waveform.shape[1])
        features, frames = self.features(waveform.to(self.device), samples.to(self.device))
        return self.network(features, frames).cpu()

    def predict(self, file: str | Path) -> Verdict:
        """The verdict on a recording: wav, flac, mp3, mp4, or whatever else the bundled ffmpeg reads."""
        return self.predict_waveform(read_recording(Path(file), self.sample_rate), str(file))

    def predict_waveform(self, waveform: np.ndarray, name: str = "") -> Verdict:
        """The verdict on mono samples at `sample_rate`: [T]."""
        waveform = np.asarray(waveform, dtype=np.float32)
        seconds = len(waveform) / self.sample_rate
        _check_audible(waveform, seconds, name or "the waveform")
        spans, logits = self.window_logits(waveform)
        if not logits.isfinite().all():
            raise UserError(
                f"{name or 'the waveform'} has samples so far out of range that there is no answer"
            )
        logit = float(logits.mean())
        p_fake = float(self.calibration.p_fake(logit))
        windows = tuple(
            WindowScore(start / self.sample_rate, end / self.sample_rate, p)
            for (start, end), p in zip(spans, self.calibration.p_fake(logits.numpy()).tolist(), strict=True)
        )
        verdict = "fake" if p_fake >= self.threshold else "real"
        heard = spans[-1][1] - spans[0][0]
        return Verdict(name, p_fake, verdict, self.threshold, logit, seconds, windows, self._warnings(heard))

    def window_logits(self, waveform: np.ndarray) -> tuple[list[tuple[int, int]], Tensor]:
        """First sample and end of each window of a recording [T], and its logit [windows], without any check.

        As in training, a recording is made neutral first: windows lie between its trimmed edges.
        """
        first, end = self.neutral.bounds(waveform, self.sample_rate)
        starts = [first + start for start in window_starts(end - first, self.window_samples)]
        spans = [(start, min(start + self.window_samples, end)) for start in starts]
        logits = torch.cat([self.score(*batch) for batch in self._batches(waveform, spans)]).double()
        return spans, logits

    def _batches(self, waveform: np.ndarray, spans: list[tuple[int, int]]) -> Iterator[tuple[Tensor, Tensor]]:
        for first in range(0, len(spans), WINDOWS_AT_ONCE):
            some = spans[first : first + WINDOWS_AT_ONCE]
            cut = [self.neutral.treat(waveform[start:end], self.sample_rate) for start, end in some]
            stacked = np.stack([padded(window, self.window_samples) for window in cut])
            yield torch.from_numpy(stacked), torch.tensor([len(window) for window in cut])

    def _warnings(self, samples: int) -> tuple[str, ...]:
        told = []
        if samples < self.window_samples:
            whole, has = self.window_samples / self.sample_rate, samples / self.sample_rate
            told.append(
                f"{has:.1f} s is shorter than the {whole:.1f} s the detector listens to at once: less certain"
            )
        told += self._unreliable()
        return tuple(told)

    def _unreliable(self) -> list[str]:
        """What validation showed of the threshold that should keep one from relying on it."""
        threshold = self.config["threshold"]
        rule = threshold.get("rule") or {
            "name": "f_beta",
            "max_false_alarm": threshold.get("max_false_alarm"),
        }
        if threshold.get("calls", "some") != "some":
            return [f"on validation this threshold called {threshold['calls']} fake: don't rely on it"]
        # A threshold that is there to keep false alarms few, say, may rightly have the lower F-beta.
        if (
            rule["name"] == "f_beta"
            and rule["max_false_alarm"] is None
            and threshold.get("better_than_all_fake") is False
        ):
            return [
                "on validation this detector was no better than calling everything fake: don't rely on it"
            ]
        return []


def _check_audible(waveform: np.ndarray, seconds: float, name: str) -> None:
    if waveform.ndim != 1:
        raise UserError(f"{name}: expected mono samples of shape [T], got {waveform.shape}")
    if len(waveform) == 0:
        raise UserError(f"{name} has no audio: it is empty")
    if not np.isfinite(waveform).all():
        raise UserError(f"{name} holds samples that are NaN or infinite: export it again from its source")
    if seconds < SHORTEST_SECONDS:
        raise UserError(
            f"{name} lasts {seconds:.2f} s; at least {SHORTEST_SECONDS} s are needed to judge a voice"
        )
    if not waveform.any():
        raise UserError(f"{name} is silent: every sample is zero, so there is no voice to judge")


def read_recording(file: Path, sample_rate: int) -> np.ndarray:
    """A whole recording, mono at `sample_rate` -> float32 [T].

    What soundfile reads and is at that rate is taken as it stands, like the clips of training; everything
    else goes through the very stage that extracted those from video, so that both hear the same samples.
    """
    if file.is_dir():
        raise UserError(f"{file} is a folder: give one recording in it")
    if not file.is_file():
        raise UserError(f"{file} is missing")
    if file.stat().st_size == 0:
        raise UserError(f"{file} is empty (0 bytes)")
    try:
        if soundfile.info(str(file)).samplerate == sample_rate:
            return _read_mono(file)
    except (soundfile.LibsndfileError, UnicodeEncodeError):
        pass  # no format of soundfile's; ffmpeg reads more
    from .extraction import ExtractionError, decode_audio

    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "recording.wav"
        try:
            decode_audio(file, wav, sample_rate)
        except ExtractionError as error:
            raise UserError(f"{file} cannot be read: {error}") from None
        return _read_mono(wav)


def _read_mono(file: Path) -> np.ndarray:
    samples, _ = soundfile.read(str(file), dtype="float32", always_2d=True)
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)


def save_detector(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Write a detector's folder. `config` has features, network, window_samples, threshold and what else is told.

    With `neutral` in it (name and settings, see `build_neutral`) the detector hears every recording through that,
    and with `calibration` (kind, slope, offset) its P(fake) is made of the logit by that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / WEIGHTS) as part:
        save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, part)
    write_json(folder / CONFIG, {"format": format_of(config), **config})


def load_detector(folder: str | Path, device: str = "cpu") -> Detector:
    """The detector in `folder`, which is `detector/` of a run, or the run itself."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file() and (folder / "detector" / CONFIG).is_file():
        folder = folder / "detector"
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder} is no detector: it has no {CONFIG}; give the detector/ folder of a run")
    config = read_json(folder / CONFIG)
    if not isinstance(config.get("format"), int):
        raise UserError(f"{folder / CONFIG} is not a detector's config: it says no format")
    if config["format"] > FORMAT:
        raise UserError(
            f"{folder} is of format {config['format']} and this version reads up to {FORMAT}: upgrade deepfake-audio"
        )
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(
            f"device={device}: this machine has no GPU that torch can use; leave it out to use the CPU"
        )
    try:
        # safetensors takes a file that must not be read for one that is not there; the system knows better.
        (folder / WEIGHTS).open("rb").close()
        return Detector(config, load_file(folder / WEIGHTS), device)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{folder / WEIGHTS} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    except (KeyError, TypeError, RuntimeError, ValueError, ZeroDivisionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{folder}: config and weights do not make a detector ({reason}); copy the folder again"
        ) from None
