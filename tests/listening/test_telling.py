"""What people and spreadsheets are told."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.listening.segments import suspicious_segments
from deepfake_audio.listening.telling import CSV_COLUMNS, as_csv, as_json, inert, printable, table
from deepfake_audio.verdict import Segment, Verdict, WindowScore


def windows(*shares: float) -> tuple[WindowScore, ...]:
    return tuple(WindowScore(float(n), n + 1.0, p) for n, p in enumerate(shares))


def verdict(file: str = "a.wav", doubts: tuple[str, ...] = (), *shares: float) -> Verdict:
    heard = windows(*(shares or (0.2, 0.9)))
    return Verdict(
        file, 0.6, "fake", 0.5, 0.4, 2.0, heard, ("note",), doubts, suspicious_segments(heard, 0.5)
    )


def test_neighbours_are_one_segment_and_the_worst_window_speaks_for_it() -> None:
    heard = [*windows(0.9, 0.5, 0.4, 0.6), WindowScore(3.5, 4.5, 0.8), WindowScore(6.0, 7.0, 0.7)]
    assert suspicious_segments(heard, 0.5) == (
        Segment(0.0, 2.0, 0.9), Segment(3.0, 4.5, 0.8), Segment(6.0, 7.0, 0.7),
    )  # fmt: skip
    assert suspicious_segments(heard, 0.95) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1))
def test_segments_hold_exactly_the_windows_that_reach_the_threshold(
    shares: list[float], threshold: float
) -> None:
    found = suspicious_segments(windows(*shares), threshold)
    inside = {n for s in found for n in range(int(s.start_seconds), int(s.end_seconds))}
    assert inside == {n for n, p in enumerate(shares) if p >= threshold}


def test_a_table_for_people() -> None:
    told = table([verdict(doubts=("too noisy",))])
    assert "+0.100" in told
    assert "suspicious: 1.0 to 2.0 s" in told
    assert "can't tell: too noisy" in told
    assert "note: note" in told


def test_a_long_recording_is_told_in_few_lines_that_hide_no_peak() -> None:
    shares = [0.01] * 1200
    shares[777] = 0.97
    told = table([verdict("a.wav", (), *shares)])
    assert len(told.splitlines()) < 50
    assert "0.970" in told


def test_names_command_neither_terminal_nor_spreadsheet() -> None:
    nasty = "=cmd|' /C calc'!A0\n\x1b[2Jb,\"q\".wav"
    assert "\x1b" not in table([verdict(nasty)])
    assert table([verdict(nasty)]).count("\n") == table([verdict()]).count("\n")
    failures = [{"file": "@x.wav", "error": "+1 is missing"}]
    rows = list(csv.DictReader(io.StringIO(as_csv([verdict(nasty), verdict()], failures), newline="")))
    assert [row["file"] for row in rows] == [f"'{nasty}", "a.wav", "'@x.wav"]
    assert rows[2]["error"] == "'+1 is missing"
    assert tuple(rows[0]) == CSV_COLUMNS
    assert float(rows[0]["margin"]) == pytest.approx(0.1)
    assert rows[0]["segments"] == "1.00-2.00"


@pytest.mark.parametrize(
    "cell", ["=1", " =1", "\t=1", "+1", "-1", "@a", "\u00a0=1", "\uff1d1", "\r\n=1", "%0", "|x"]
)
def test_cells_that_would_run(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    assert inert("a" + cell) == "a" + cell


def test_a_name_that_is_no_text_stays_apart_from_others() -> None:
    bad = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "ascii"):
        told = as_json([verdict(bad).to_dict(), verdict("caf\u00e9.wav").to_dict()], encoding)
        told.encode(encoding)
        assert [each["file"] for each in json.loads(told)] == [bad, "caf\u00e9.wav"]
    assert "caf\u00e9" in as_json([{"file": "caf\u00e9.wav"}])
    (row,) = csv.DictReader(io.StringIO(as_csv([verdict(bad)], [])))
    assert row["file"] == printable(bad) == "caf\\udce9.wav"


@settings(max_examples=40)
@given(st.text(max_size=20))
def test_printable_is_one_line_of_letters(text: str) -> None:
    assert printable(text).isprintable()
