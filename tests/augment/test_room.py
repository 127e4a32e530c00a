"""Rooms: echoes fade as drawn, and the voice stays in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import fftconvolve

from deepfake_audio.augment import Room
from deepfake_audio.augment.room import convolved

RATE = 16_000


def faded_seconds(response: np.ndarray) -> float:
    """RT60 by Schroeder's backward integration, from a line between 5 and 25 dB down."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(left / left[0])
    part = (decay_db < -5) & (decay_db > -25)
    slope = np.polyfit(np.arange(len(response))[part] / RATE, decay_db[part], 1)[0]
    return -60 / slope


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_echoes_fade_by_60_db_in_the_time_that_was_drawn(seconds: float) -> None:
    torch.manual_seed(0)
    room = Room(rt60_seconds=(0.1, 1.2), echoes=0)
    responses = room.responses(torch.full((6,), seconds), torch.zeros(6))
    measured = [faded_seconds(response[1:].double().numpy()) for response in responses]
    assert np.mean(measured) == pytest.approx(seconds, rel=0.05)
    assert measured == pytest.approx([seconds] * 6, rel=0.15)


def test_the_direct_way_lies_above_the_echoes_as_drawn() -> None:
    direct_db = torch.tensor([0.0, 6.0, 18.0])
    responses = Room().responses(torch.full((3,), 0.4), direct_db)
    assert torch.equal(responses[:, 0], torch.ones(3))
    ratio_db = -10 * responses[:, 1:].square().sum(dim=1).log10()
    assert torch.allclose(ratio_db, direct_db, atol=1e-3)


def test_early_echoes_stand_out_of_the_rest() -> None:
    torch.manual_seed(1)
    responses = Room(echoes=8).responses(torch.full((4,), 0.6), torch.zeros(4))
    plain = Room(echoes=0).responses(torch.full((4,), 0.6), torch.zeros(4))
    early = slice(round(0.002 * RATE), round(0.05 * RATE))

    def crest(some: torch.Tensor) -> torch.Tensor:
        return some[:, early].abs().amax(dim=1) / some[:, early].square().mean(dim=1).sqrt()

    assert crest(responses).mean() > 1.2 * crest(plain).mean()


def test_convolution_is_scipys_cut_off_at_the_end() -> None:
    rng = np.random.default_rng(0)
    wave, response = rng.normal(size=(2, 3_000)), rng.normal(size=(2, 700))
    heard = convolved(torch.from_numpy(wave), torch.from_numpy(response))
    reference = np.stack([fftconvolve(a, b)[:3_000] for a, b in zip(wave, response, strict=True)])
    assert np.allclose(heard.numpy(), reference)


def test_the_voice_stays_in_its_place() -> None:
    torch.manual_seed(2)
    click = torch.zeros(3, RATE)
    click[:, 4_000] = 1
    heard = Room(direct_db=(3, 3), share=1.0).train()(click, torch.full((3,), RATE))
    assert heard.abs().argmax(dim=1).tolist() == [4_000] * 3
    assert heard[:, :4_000].abs().max() < 1e-4
    assert heard[:, 4_500:].abs().max() > 1e-3


def test_responses_of_a_folder_begin_with_their_direct_way(tmp_path: Path) -> None:
    response = np.zeros(8_000)
    response[[300, 1_300]] = -0.5, 0.25
    soundfile.write(tmp_path / "hall.wav", response, RATE)
    room = Room(folder=tmp_path, share=1.0)
    drawn = room.draw(2, RATE, torch.device("cpu"))["response"]
    assert drawn.shape == (2, RATE)
    assert drawn[0].nonzero().flatten().tolist() == [0, 1_000]
    assert drawn[0, [0, 1_000]].tolist() == pytest.approx([1, -0.5])
