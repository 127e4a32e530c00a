"""What a detector did on test, told with each verdict."""

from __future__ import annotations

import pytest

from deepfake_audio.measured import in_words, measured

TEST = {
    "n_real": 289, "n_fake": 285, "n_voices": 91, "recall": 0.407, "false_alarm_rate": 0.111, "f2": 0.45,
    "f2_all_fake": 0.831, "auc": 0.7,
}  # fmt: skip


def test_the_figures_of_test_are_told_and_never_those_of_validation() -> None:
    config = measured({"val": {**TEST, "recall": 1.0}, "test": TEST})
    words = in_words(config)
    assert words is not None and "289 real and 285 fake" in words
    assert "41 % of the fakes" in words and "11 % of the reals" in words
    assert words.endswith("(F2 0.45, below the 0.83 of calling everything fake)")
    better = in_words({"measured": {**config["measured"], "f2": 0.9}})
    assert better is not None and "F2" not in better


@pytest.mark.parametrize("config", [{}, {"measured": None}, {"measured": "x"}, {"measured": {"n_real": 3}},
                                    {"measured": {**TEST, "recall": "all"}}])  # fmt: skip
def test_what_nobody_measured_is_not_told(config: dict[str, object]) -> None:
    assert in_words(config) is None


def test_without_a_test_there_is_nothing() -> None:
    assert measured({"val": TEST}) == {}
