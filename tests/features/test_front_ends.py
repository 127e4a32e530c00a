"""What every front end must do, whatever it shows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from deepfake_audio.errors import UserError
from deepfake_audio.features import FRONT_ENDS, FrontEnd, LogPower, build_features, valid_frames

from .sounds import RATE, noise, tone

ALL: dict[str, dict[str, Any]] = {
    "logmel": {},
    "logmel mean_removed": {"mean_removed": True},
    "spectrum": {},
    "spectrum in filters": {"filters": 40, "f_min_hz": 300.0, "f_max_hz": 7000.0, "mean_removed": True},
    "lfcc": {},
    "lfcc mean_removed": {"mean_removed": True, "deltas": 1, "delta_frames": 9},
    "mfcc": {},
    "mfcc alone": {"coefficients": 40, "deltas": 0, "hop_samples": 200},
    "cqt": {"f_min_hz": 110.0, "n_bins": 72},
    "cqt fine": {"f_min_hz": 220.0, "n_bins": 120, "bins_per_octave": 24, "hop_samples": 200},
    "waveform": {},
    "waveform as heard": {"level": "rms", "preemphasis": 0.97},
}
STANDARDISED = [name for name in ALL if not name.startswith("waveform")]
WITH_FREQUENCIES = [name for name in STANDARDISED if "fcc" not in name]


def made(name: str) -> FrontEnd:
    return build_features(name.split()[0], **ALL[name])


def whole(waveform: Tensor) -> Tensor:
    return torch.full((len(waveform),), waveform.shape[1])


@pytest.mark.parametrize("name", ALL)
def test_shapes_are_as_told(name: str) -> None:
    front_end, samples = made(name), torch.tensor([RATE, 9_001])
    waveform = noise(2) * valid_frames(samples, RATE)
    features, frames = front_end(waveform, samples)
    assert features.shape == (2, front_end.bins, int(front_end.frames(torch.tensor([RATE]))))
    assert torch.equal(frames, front_end.frames(samples))
    assert features.dtype == torch.float32
    assert len(front_end.frame_seconds(features.shape[-1])) == features.shape[-1]


@pytest.mark.parametrize("name", ALL)
def test_a_clip_in_a_batch_is_as_it_is_alone(name: str) -> None:
    """Whatever stands beside it and however much padding follows, which is zero in the picture too."""
    front_end, lengths = made(name), (9_000, 16_000, 4_003)
    waveform = torch.zeros(3, RATE)
    for clip, (length, level) in enumerate(zip(lengths, (0.1, 0.5, 0.003), strict=True)):
        waveform[clip, :length] = noise(1, length, level, seed=clip)[0]
    features, frames = front_end(waveform, torch.tensor(lengths))
    for clip, length in enumerate(lengths):
        alone, known = front_end(waveform[clip : clip + 1, :length], torch.tensor([length]))
        assert int(known) == int(frames[clip])
        # Constant Q takes a Fourier transform of the whole, which rounds otherwise at another length.
        assert torch.allclose(features[clip, :, : int(known)], alone[0], atol=1e-3)
        assert not features[clip, :, int(known) :].any()


@pytest.mark.parametrize("name", ALL)
def test_silence_gives_zeros_not_nan(name: str) -> None:
    waveform = torch.stack([torch.zeros(RATE), noise()[0]])
    features, _ = made(name)(waveform, whole(waveform))
    assert not features[0].any()
    assert features[1].isfinite().all()
    assert features[1].any()


@pytest.mark.parametrize("name", ALL)
def test_half_precision_around_it_does_not_reach_in(name: str) -> None:
    front_end, waveform = made(name), noise()
    expected, _ = front_end(waveform, whole(waveform))
    with torch.autocast("cpu", torch.bfloat16):
        features, _ = front_end(waveform, whole(waveform))
        from_half, _ = front_end(waveform.bfloat16(), whole(waveform))
    assert torch.equal(features, expected)
    assert from_half.dtype == torch.float32


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_learnt_and_the_same_comes_out_twice(name: str) -> None:
    front_end, waveform = made(name), noise()
    one, _ = front_end(waveform.clone().requires_grad_(), whole(waveform))
    other, _ = made(name)(waveform, whole(waveform))
    assert not one.requires_grad
    assert torch.equal(one, other)
    assert not list(front_end.parameters())
    # A detector's file holds the network alone: nothing here may have to be saved.
    untold = [key for key in front_end.state_dict() if "window" not in key and not key.endswith("fb")]
    assert not untold


@pytest.mark.parametrize("name", STANDARDISED)
def test_loudness_drops_out(name: str) -> None:
    front_end, waveform = made(name), noise()
    loud, _ = front_end(waveform, whole(waveform))
    quiet, _ = front_end(waveform * 0.03, whole(waveform))
    assert torch.allclose(loud, quiet, atol=2e-3)


@pytest.mark.parametrize("name", STANDARDISED)
def test_each_clip_has_zero_mean_and_unit_spread(name: str) -> None:
    waveform = noise(3) * torch.tensor([[1.0], [0.01], [0.3]])
    features, _ = made(name)(waveform, whole(waveform))
    assert torch.allclose(features.mean(dim=(1, 2)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(features.std(dim=(1, 2)), torch.ones(3), atol=2e-3)


@pytest.mark.parametrize("name", WITH_FREQUENCIES)
@pytest.mark.parametrize("hz", [440.0, 1000.0, 3000.0, 6500.0])
def test_a_tone_lands_where_bins_say(name: str, hz: float) -> None:
    front_end = made(name)
    if "mean_removed" in name or "filters" in name:
        front_end.mean_removed = False  # type: ignore[assignment]
    features, _ = front_end(tone(hz), torch.tensor([RATE]))
    found = int(features[0, :, features.shape[-1] // 2].argmax())
    edges = front_end.bin_edges_hz()
    # A bin of the spectrum beneath mel and linear filters is 31 Hz wide, so the strongest may be the next one.
    assert edges[found] - 16 <= hz <= edges[found + 1] + 16
    assert ((edges[:-1] < front_end.bin_hz()) & (front_end.bin_hz() < edges[1:])).all()
    assert front_end.bin_hz().shape == (front_end.bins,)


@pytest.mark.parametrize("name", [*WITH_FREQUENCIES, "waveform", "waveform as heard"])
def test_frames_say_when_they_hear(name: str) -> None:
    """A click is loudest in the frame whose middle is nearest to it."""
    front_end = made(name)
    for at in (0, 3_210, 8_000, 15_900):
        waveform = noise(level=1e-4)
        waveform[0, at] = 1.0
        features, _ = front_end(waveform, torch.tensor([RATE]))
        upper = features[0, -front_end.bins // 2 :]
        loudest = int(upper.mean(dim=0).argmax())
        seconds = front_end.frame_seconds(features.shape[-1])
        assert abs(float(seconds[loudest]) - at / RATE) <= front_end.hop_samples / RATE / 2 + 1e-9


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_who_has_frequencies_says_which(name: str) -> None:
    """Rows are frequencies, rising up to half the sample rate, where a front end is of that kind, and only there."""
    front_end = build_features(name)
    in_bands = isinstance(front_end, LogPower)
    assert in_bands == (name in {"cqt", "logmel", "spectrum"})
    assert in_bands == hasattr(front_end, "bin_hz") == hasattr(front_end, "bin_edges_hz")
    if isinstance(front_end, LogPower):
        edges = front_end.bin_edges_hz()
        assert len(edges) == front_end.bins + 1
        assert edges[0] > 0 and (edges.diff() > 0).all() and edges[-1] <= RATE / 2 + 16


def test_levels_without_frequencies_cannot_be_made() -> None:
    """A new front end of levels that forgets to say where its bands lie is noticed at once, not when it is drawn."""

    class Deaf(LogPower):
        bins = 1

        def power(self, waveform: torch.Tensor) -> torch.Tensor:
            return waveform.unsqueeze(1)

    with pytest.raises(TypeError, match="bin_edges_hz"):
        Deaf(RATE, 160)  # type: ignore[abstract]


@pytest.mark.parametrize("name", ["spectrum", "lfcc", "mfcc", "logmel"])
def test_the_colour_of_a_channel_goes_with_the_means(name: str) -> None:
    """A gentle filter over all of a recording: with means removed it leaves next to nothing behind."""
    waveform = noise()
    coloured = waveform + 0.6 * torch.nn.functional.pad(waveform[:, :-1], (1, 0))
    left = {}
    for mean_removed in (False, True):
        front_end = build_features(name, mean_removed=mean_removed)
        as_it_was, _ = front_end(waveform, whole(waveform))
        changed, _ = front_end(coloured, whole(waveform))
        left[mean_removed] = float((changed - as_it_was).square().mean())
    assert left[True] < 0.05 * left[False] or left[True] < 0.01


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("logmel", {"n_mels": 0}, "n_mels=0 must be a whole number"),
        ("logmel", {"n_mels": 257}, "n_mels=257 must be no more than half of n_fft=512"),
        ("logmel", {"window_samples": 800}, "window_samples=800 must be no longer than n_fft=512"),
        ("logmel", {"hop_samples": 2.5}, "hop_samples=2.5"),
        ("spectrum", {"f_min_hz": 5000.0, "f_max_hz": 300.0}, "f_min_hz=5000.0 and f_max_hz=300.0 must rise"),
        ("spectrum", {"f_max_hz": 9000.0}, "half the sample rate, 8000"),
        ("spectrum", {"f_min_hz": 1001.0, "f_max_hz": 1020.0}, "no bin of n_fft=512"),
        ("spectrum", {"filters": 300}, "filters=300 are more than"),
        ("lfcc", {"coefficients": 30}, "coefficients=30 are more than the filters they are made of, 20"),
        ("mfcc", {"deltas": 3}, "deltas=3 must be 0, 1 or 2"),
        ("mfcc", {"delta_frames": 4.5}, "delta_frames=4.5 must be a whole number"),
        ("mfcc", {"delta_frames": 4}, "delta_frames=4 must be an odd number"),
        ("cqt", {"n_bins": 96}, "n_bins=96 from f_min_hz=32.7 reach up to"),
        ("cqt", {"f_min_hz": 0.0}, "f_min_hz=0.0"),
        ("waveform", {"level": "peak"}, "level=peak is not known; there is none, rms"),
        ("waveform", {"preemphasis": 1.0}, "preemphasis=1.0"),
    ],
)
def test_bad_settings_are_refused_by_name(name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_features(name, **wrong)
