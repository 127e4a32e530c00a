"""A trained detector as a folder of data: save it, load it, ask it about a file.

The folder holds `config.json` (everything needed to rebuild the features and the network, the threshold and
how it was chosen, what the training clips are like), `model.safetensors` (weights), `validation.csv` (scores by which
the threshold can be moved) and `README.md` (the card). No code and no pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .audio import padded
from .detector_format import CONFIG, WEIGHTS, check_format, detector_folder, format_of
from .errors import UserError
from .evaluation import calibration
from .features import build_features
from .files import read_json, replacing, write_json
from .listening import profile
from .listening.judging import Floats, Judge
from .listening.streams import Wave, read_recording
from .listening.threshold import checked_threshold
from .models import build_network
from .models.network import exact_logits
from .models.weights import check_finite
from .neutral import build_neutral
from .verdict import Verdict

__all__ = ["Detector", "load_detector", "read_recording", "save_detector"]

# Windows of a long recording that go through the network together.
WINDOWS_AT_ONCE = 16
# Beyond what any recorder or any memory can: a config that says so is damaged.
LARGEST_RATE_HZ, LARGEST_WINDOW_SAMPLES = 1_000_000, 2**30
DEVICES = ("cpu", "cuda", "mps")


class Detector:
    """A front end, a network and a threshold. `load_detector` makes one from its folder."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Tensor], device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        self.sample_rate: int = config["features"]["sample_rate"]
        self.window_samples: int = config["window_samples"]
        self.threshold = float(checked_threshold(config["threshold"])["threshold"])
        if (
            not 1 <= self.sample_rate <= LARGEST_RATE_HZ
            or not 1 <= self.window_samples <= LARGEST_WINDOW_SAMPLES
            or not isinstance(self.window_samples, int)
        ):
            raise ValueError("window_samples or sample_rate is out of range")
        self.calibration = calibration.from_config(config.get("calibration"))
        self.neutral = build_neutral(**config.get("neutral") or {})
        self.heard = profile.from_config(config.get("heard"))
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
        return exact_logits(self.network, features, frames).cpu()

    def predict(
        self,
        file: str | Path,
        *,
        progress: Callable[[float], None] | None = None,
        most_seconds: float | None = None,
    ) -> Verdict:
        """The verdict on a recording: wav, flac, mp3, mp4, or whatever else the bundled ffmpeg reads.

        It is heard block by block, so that memory does not grow with its length.

        Args:
            progress: is told how many seconds were heard, now and then.
            most_seconds: refuse what is longer.
        """
        return self._judge.of_file(file, progress, most_seconds)

    def predict_waveform(self, waveform: np.ndarray, name: str = "") -> Verdict:
        """The verdict on mono samples at `sample_rate`: [T]."""
        return self._judge.of_waveform(waveform, name)

    def window_logits(self, waveform: np.ndarray) -> tuple[list[tuple[int, int]], Tensor]:
        """First sample and end of each window of a recording [T], and its logit [windows], without any check.

        As in training, a recording is made neutral first: windows lie between its trimmed edges.
        """
        first, end = self.neutral.bounds(waveform, self.sample_rate)
        spans, logits = self._judge.window_logits([waveform[first:end]], first)
        return spans, torch.from_numpy(logits)

    @property
    def _judge(self) -> Judge:
        return Judge(
            sample_rate=self.sample_rate,
            window_samples=self.window_samples,
            threshold={**self.config["threshold"], "threshold": self.threshold},
            heard=self.heard,
            silence_db=self.neutral.silence_db,
            any_level=self.neutral.level_db is not None,
            hears_up_to_hz=min(self.neutral.high_hz or np.inf, self.sample_rate / 2),
            score=self._logits,
            at_once=WINDOWS_AT_ONCE,
            p_fake=self.calibration.p_fake,
        )

    def _logits(self, windows: list[Wave]) -> Floats:
        heard = [self.neutral.treat(window, self.sample_rate) for window in windows]
        stacked = torch.from_numpy(np.stack([padded(window, self.window_samples) for window in heard]))
        return self.score(stacked, torch.tensor([len(window) for window in heard])).double().numpy()


def save_detector(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Write a detector's folder. `config` has features, network, window_samples, threshold and what else is told.

    With `neutral` in it (name and settings, see `build_neutral`) the detector hears every recording through that,
    and with `calibration` (kind, slope, offset) its P(fake) is made of the logit by that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / WEIGHTS) as part:
        save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, part)
    write_json(folder / CONFIG, {"format": format_of(config), **config})


# What building one raises where its config holds anything else than it should.
NO_DETECTOR = (
    AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError, ZeroDivisionError,
)  # fmt: skip


def load_detector(
    folder: str | Path,
    device: str = "cpu",
    *,
    prevalence: float | None = None,
    max_false_alarm: float | None = None,
) -> Detector:
    """The detector in `folder`, which is `detector/` of a run, or the run itself.

    With `prevalence` or `max_false_alarm` its threshold is moved, see `listening.operating_points.moved`.
    """
    folder = detector_folder(folder)
    config = _read_config(folder / CONFIG)
    _check_device(device)
    try:
        # safetensors takes a file that must not be read for one that is not there; the system knows better.
        (folder / WEIGHTS).open("rb").close()
        _check_parts(folder, config)
        weights = load_file(folder / WEIGHTS)
        check_finite(weights, f"{folder / WEIGHTS}")
        if prevalence is not None or max_false_alarm is not None:
            config = _moved(folder, config, prevalence, max_false_alarm)
        return Detector(config, weights, device)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{folder / WEIGHTS} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    except NO_DETECTOR as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{folder}: config and weights do not make a detector ({reason}); copy the folder again"
        ) from None


def _read_config(file: Path) -> dict[str, Any]:
    config = read_json(file)
    check_format(config, file)
    return config


def _check_device(name: str) -> None:
    """Before anything is built, so that a wrong device isn't taken for a broken detector."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in DEVICES:
        raise UserError(f"device={name} is not known: give cpu or cuda")
    if device.type != "cuda":
        return
    if not torch.cuda.is_available():
        raise UserError(
            f"device={name}: this machine has no GPU that torch can use; leave it out to use the CPU"
        )
    if (device.index or 0) >= (count := torch.cuda.device_count()):
        raise UserError(f"device={name}: the last GPU of this machine is cuda:{count - 1}")


def _check_parts(folder: Path, config: dict[str, Any]) -> None:
    # Not above: whoever shares detectors loads them, too.
    from .sharing.safety import check_parts

    check_parts(folder, config)


def _moved(folder: Path, config: dict[str, Any], *use: float | None) -> dict[str, Any]:
    # Not above: statistics and tables take their time to load, and few ask for them.
    from .listening.operating_points import moved

    return moved(folder, config, *use)
