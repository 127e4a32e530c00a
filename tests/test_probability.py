"""P(fake) and its threshold are told apart, and nothing is told as certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.predict import table
from deepfake_audio.probability import beside, shown
from deepfake_audio.verdict import Verdict, WindowScore

SHARES = st.floats(0, 1, allow_subnormal=False).filter(lambda p: p == 0 or p > 1e-12)


@given(SHARES, SHARES)
def test_who_reads_both_knows_the_verdict(p_fake: float, threshold: float) -> None:
    told, cut = beside(p_fake, threshold)
    value = float(told.lstrip("<>"))
    assert told[0] in "<>" or 0 < value < 1
    assert "e" not in told + cut
    if p_fake < threshold:
        assert value < float(cut) or told.startswith("<"), (told, cut)
    elif told[0] not in "<>":
        assert value >= float(cut), (told, cut)


@pytest.mark.parametrize(
    ("p_fake", "threshold", "told"),
    [
        (0.8412, 0.4603, ("0.841", "0.460")),
        (0.23351, 0.23394, ("0.2335", "0.2339")),
        (0.5, 0.5, ("0.500", "0.500")),
        (1.0, 0.5, (">0.999", "0.500")),
        (0.0, 0.5, ("<0.001", "0.500")),
        (0.99999, 1.0000001, (">0.999", "1.000")),
        (0.3, 1e-6, ("0.300000", "0.000001")),
    ],
)
def test_as_many_digits_as_it_takes(p_fake: float, threshold: float, told: tuple[str, str]) -> None:
    assert beside(p_fake, threshold) == told
    assert shown(0.9999) == ">0.999"


def test_the_table_of_predict_tells_close_calls_apart() -> None:
    window = (WindowScore(0.0, 1.0, 1.0),)
    near = Verdict("near.wav", 0.23351, "real", 0.23394, -1.0, 1.0, window)
    far = Verdict("far.wav", 1.0, "fake", 0.23394, 30.0, 1.0, window)
    head, first, line, second, _ = table([near, far]).splitlines()
    assert "fake from 0.2339 on" in head
    assert first.split()[0] == "0.2335"
    assert second.split()[0] == ">0.9999"
    assert ">0.999 " in line
    assert len({row.index(word) for row, word in ((head, "verdict"), (first, "real"), (second, "fake"))}) == 1
