"""What all augmentations of waveforms keep to: in training only, each clip by its own draw, padding still zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from deepfake_audio.audio.measures import measure
from deepfake_audio.augment import (
    Band,
    Device,
    Gain,
    Noise,
    Polarity,
    RawBoost,
    Room,
    WaveAugmentation,
    build_augmentation,
)
from deepfake_audio.augment.levels import speech_power
from deepfake_audio.errors import UserError
from deepfake_audio.features import valid_frames

RATE = 16_000
KINDS: dict[str, Callable[..., WaveAugmentation]] = {
    "band": Band,
    "device": Device,
    "gain": Gain,
    "noise": Noise,
    "polarity": Polarity,
    "room": Room,
    **{f"rawboost{number}": partial(RawBoost, number) for number in range(1, 9)},
}
every = pytest.mark.parametrize("name", KINDS)


def speech_like(clips: int, length: int, seed: int = 0) -> Tensor:
    """Equal clips of noise that comes and goes: [B, T]."""
    noise = torch.randn(length, generator=torch.Generator().manual_seed(seed))
    swell = 0.5 + 0.5 * torch.sin(2 * torch.pi * 3 * torch.arange(length) / RATE)
    return (0.1 * noise * swell).expand(clips, length).clone()


@every
def test_the_share_of_the_clips_is_changed(name: str) -> None:
    torch.manual_seed(0)
    clips, samples = speech_like(64, 2_000), torch.full((64,), 2_000)
    assert torch.equal(KINDS[name](share=0.0).train()(clips, samples), clips)
    changed = (KINDS[name](share=1.0).train()(clips, samples) != clips).any(dim=1)
    assert changed.all()
    half = (KINDS[name](share=0.5).train()(clips, samples) != clips).any(dim=1).sum()
    assert 16 < half < 48


@every
def test_off_in_evaluation(name: str) -> None:
    clips = speech_like(2, 4_000)
    assert torch.equal(KINDS[name](share=1.0).eval()(clips, torch.full((2,), 4_000)), clips)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "polarity"])
def test_clips_of_a_batch_differ_and_equal_seeds_do_not(name: str) -> None:
    augment, clips, samples = KINDS[name](share=1.0).train(), speech_like(4, 8_000), torch.full((4,), 8_000)
    torch.manual_seed(1)
    first = augment(clips, samples)
    assert all(not torch.equal(first[0], other) for other in first[1:])
    assert not torch.equal(first, augment(clips, samples))
    torch.manual_seed(1)
    assert torch.equal(first, augment(clips, samples))


@every
@pytest.mark.parametrize("length", [1, 7, 9_000])
@pytest.mark.parametrize("precision", [torch.float32, torch.float16, torch.bfloat16])
def test_padding_stays_zero_whatever_the_length_and_precision(
    name: str, length: int, precision: torch.dtype
) -> None:
    samples = torch.tensor([length, max(1, length // 3)])
    clips = (speech_like(2, length) * valid_frames(samples, length)).to(precision)
    heard = KINDS[name](share=1.0).train()(clips, samples)
    assert heard.dtype == precision
    assert heard.isfinite().all()
    assert not heard[1, samples[1] :].any()


@every
def test_silence_stays_silent(name: str) -> None:
    silence = torch.zeros(2, 4_000)
    assert torch.equal(KINDS[name](share=1.0).train()(silence, torch.tensor([4_000, 900])).abs(), silence)


@every
def test_a_clip_does_not_hear_the_others_of_its_batch(name: str) -> None:
    """Equal draws, other neighbours: no evidence goes from clip to clip."""
    augment, samples = KINDS[name](share=1.0), torch.full((2,), 8_000)
    torch.manual_seed(2)
    drawn = augment.draw(2, 8_000, torch.device("cpu"))
    clips = speech_like(2, 8_000)
    other = torch.stack([clips[0], speech_like(1, 8_000, seed=5)[0]])
    first, second = (augment.change(batch, samples, **drawn) for batch in (clips, other))
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])


@pytest.mark.parametrize("name", ["device", "room"])
def test_the_speech_level_is_kept(name: str) -> None:
    torch.manual_seed(3)
    clips, samples = speech_like(6, RATE), torch.full((6,), RATE)
    heard = KINDS[name](share=1.0).train()(clips, samples)
    assert torch.allclose(speech_power(heard, samples, RATE), speech_power(clips, samples, RATE), rtol=1e-3)


def test_the_speech_level_is_the_audits() -> None:
    """Pauses and padding don't count; a frame is as long as there, so the two agree."""
    clip = speech_like(1, 2 * RATE)
    clip[:, 9_600:20_000] *= 1e-4
    samples = torch.tensor([2 * RATE - 3_200])
    power = speech_power(clip * valid_frames(samples, 2 * RATE), samples, RATE)
    expected = measure(clip[0, : int(samples)].numpy(), RATE)["loudness_db"]
    assert 10 * power.log10().item() == pytest.approx(expected, abs=0.1)


def test_a_step_learns_the_sample_rate_of_its_chain() -> None:
    chain = build_augmentation(
        "c", steps={"band": {"high_pass_hz": [20, 300]}, "gain": {}}, sample_rate=8_000
    )
    assert [step.sample_rate for step in chain.waves] == [8_000, 8_000]


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("band", "low_pass_hz", [8_000, 3_400]),
        ("band", "high_pass_hz", [20, 9_000]),
        ("band", "low_pass_hz", [3_400, float("inf")]),
        ("device", "points", 1),
        ("device", "points", 2.5),
        ("device", "response_db", float("inf")),
        ("device", "drive", [-1, 1]),
        ("gain", "gain_db", 6),
        ("gain", "gain_db", "loud"),
        ("noise", "snr_db", [5]),
        ("noise", "babble_share", 1.5),
        ("noise", "folder", "no/such/folder"),
        ("noise", "folder_share", "half"),
        ("room", "rt60_seconds", [0, 1]),
        ("room", "echoes", -1),
        ("rawboost", "algorithm", 9),
        ("rawboost", "powers", 0),
        ("rawboost", "powers", 2.5),
        ("rawboost", "impulse_gain", float("nan")),
        ("mixup", "alpha", 0),
        ("cutmix", "share", 2),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(name: str, setting: str, value: object) -> None:
    with pytest.raises(UserError, match=setting.removesuffix("_share")):
        build_augmentation(name, **{setting: value})
