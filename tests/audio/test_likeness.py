"""Prints: the same sound is known again whatever was done to it, and no other sound is taken for it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from deepfake_audio.audio.likeness import near_pairs, similar
from deepfake_audio.audio.prints import BITS, HOP_SECONDS, Print, track_print
from deepfake_audio.corpora.toy.voices import draw_speaker

from ..auditing.planted import CHANGES, RATE, Wave, after_silence, gained, utterance


def printed(wave: Wave, rate: int = RATE) -> Print:
    return track_print([wave], rate)


@pytest.fixture(scope="module")
def waves() -> list[Wave]:
    return [utterance(number) for number in range(12)]


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_changed_track_is_the_same_track(waves: list[Wave], change: str) -> None:
    for wave in waves[:4]:
        match = similar(printed(wave), printed(CHANGES[change](wave)))
        assert match.same and match.score > 0.75, match


def test_strangers_agree_in_half_of_their_bits_and_are_not_the_same(waves: list[Wave]) -> None:
    prints = [printed(wave) for wave in waves]
    for one, other in itertools.combinations(prints, 2):
        assert not similar(one, other).same
        size = min(len(one.words), len(other.words))
        both = one.active[:size] & other.active[:size]
        differ = np.bitwise_xor(one.words[:size], other.words[:size])[both]
        share = np.mean([int(word).bit_count() for word in differ]) / BITS
        assert abs(share - 0.5) < 0.1


def test_two_sentences_by_one_voice_are_not_the_same() -> None:
    speaker = draw_speaker(np.random.default_rng(5), "women")
    prints = [printed(utterance(seed, speaker=speaker)) for seed in range(8)]
    assert not any(similar(one, other).same for one, other in itertools.combinations(prints, 2))


def test_one_sentence_by_two_voices_is_not_the_same() -> None:
    # The sentence is drawn from the generator that `utterance` makes of its seed; who says it is given.
    speakers = [draw_speaker(np.random.default_rng(seed), "men") for seed in range(4)]
    alike = [printed(utterance(1, speaker=who)) for who in speakers]
    assert not any(similar(one, other).same for one, other in itertools.combinations(alike, 2))


@pytest.mark.parametrize("samples", [0, 320, 5_003, 40_000])
def test_the_offset_says_where_the_second_begins_in_the_first(waves: list[Wave], samples: int) -> None:
    wave = waves[0]
    later = after_silence(wave, samples)
    assert similar(printed(later), printed(wave)).offset_seconds == pytest.approx(samples / RATE, abs=0.017)
    assert similar(printed(wave), printed(later)).offset_seconds == pytest.approx(-samples / RATE, abs=0.017)


def test_the_stretch_in_common_is_as_long_as_what_was_planted(waves: list[Wave]) -> None:
    whole, other = printed(waves[0]), printed(CHANGES["between two others"](waves[0]))
    match = similar(whole, other)
    assert match.same and match.seconds == pytest.approx(1.5, abs=0.2)
    assert similar(whole, whole).seconds == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100, 48_000])
def test_a_print_is_of_the_sound_not_of_the_sample_rate(waves: list[Wave], sample_rate: int) -> None:
    from deepfake_audio.audio.codecs import resampled

    match = similar(printed(waves[0]), printed(resampled(waves[0], RATE, sample_rate), sample_rate))
    assert match.same and match.score > 0.9 and abs(match.offset_seconds) <= HOP_SECONDS


@pytest.mark.parametrize("block", [100, 1_777, 48_000])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_a_print_is_the_same_however_the_track_comes(waves: list[Wave], block: int, sample_rate: int) -> None:
    whole = printed(waves[1], sample_rate)
    parts = [waves[1][start : start + block] for start in range(0, len(waves[1]), block)]
    pieces = track_print(parts, sample_rate)
    assert np.array_equal(whole.words, pieces.words) and np.array_equal(whole.active, pieces.active)


HUM = 0.1 * np.sin(2 * np.pi * 500 * np.arange(32_000) / RATE)


@pytest.mark.parametrize(
    "wave", [np.zeros(0), np.zeros(100), np.zeros(32_000), np.ones(32_000), np.ones(3_000), HUM]
)
def test_silence_a_hum_and_too_short_a_track_are_like_nothing(waves: list[Wave], wave: Wave) -> None:
    nothing = printed(wave.astype(np.float32))
    for other in (printed(waves[0]), nothing):
        assert not similar(nothing, other).same and not similar(other, nothing).same
    assert near_pairs([nothing, nothing, printed(waves[0])], [0, 1, 2]).empty


def test_the_search_finds_what_comparing_each_with_each_finds(waves: list[Wave]) -> None:
    prints = [printed(wave) for wave in waves]
    prints += [printed(CHANGES[name](waves[n % 12])) for n, name in enumerate(CHANGES)]
    sides = [number // 7 % 3 for number in range(len(prints))]
    found = near_pairs(prints, sides)
    expected = {
        (a, b)
        for a, b in itertools.combinations(range(len(prints)), 2)
        if sides[a] != sides[b] and similar(prints[a], prints[b]).same
    }
    assert set(zip(found["a"], found["b"], strict=True)) == expected and len(expected) > 10
    for pair in found.itertuples():
        match = similar(prints[pair.a], prints[pair.b])
        assert pair.score == pytest.approx(match.score, abs=0.05)
        assert pair.offset_seconds == pytest.approx(match.offset_seconds, abs=HOP_SECONDS * 1.01)


def test_pairs_on_one_side_are_none(waves: list[Wave]) -> None:
    prints = [printed(waves[0])] * 3
    assert near_pairs(prints, ["train"] * 3).empty
    assert len(near_pairs(prints, ["train", "train", "test"])) == 2
    assert near_pairs([], []).empty


def test_a_track_in_very_many_copies_costs_no_more_than_it_must(waves: list[Wave]) -> None:
    rng = np.random.default_rng(0)
    copies = []
    for _ in range(150):
        start = int(rng.integers(12_000))
        copies.append(printed(gained(waves[2][start : start + 24_000], rng.uniform(-20, 0))))
    sides = ["train", "test"] * 75
    found = near_pairs(copies, sides)
    # Each copy is found with several of the other side; not necessarily with each of them.
    partners = np.bincount(np.concatenate([found["a"], found["b"]]), minlength=150)
    assert partners.min() >= 10
    assert {sides[a] != sides[b] for a, b in zip(found["a"], found["b"], strict=True)} == {True}
