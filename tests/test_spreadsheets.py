"""No cell of words runs in a spreadsheet, and every table comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.clips import read_clips, read_table, write_clips
from deepfake_audio.spreadsheets import FORMULA, as_it_was, inert, inert_table, write_table

NASTY = st.text("'=+-@|%\t 1a,\"\uff1d", max_size=6)


@given(NASTY)
def test_every_cell_comes_back_and_none_runs(cell: str) -> None:
    told = inert(cell)
    assert as_it_was(told) == cell
    assert not told.lstrip().startswith(FORMULA)
    assert not told.startswith(("\t", "\r", "\n"))


@settings(max_examples=25)
@given(st.lists(NASTY, min_size=1, max_size=5))
def test_every_table_comes_back(cells: list[str]) -> None:
    table = pd.DataFrame({"clip": cells, "number": range(len(cells))})
    told = inert_table(table)
    assert told["number"].tolist() == table["number"].tolist()
    assert told["clip"].map(as_it_was).tolist() == cells


def test_numbers_and_lone_signs_stay() -> None:
    cells = ["-1.5", "+3", "-", "1e-3", "", None, "nan", "a=1", "'quoted'"]
    assert inert_table(pd.DataFrame({"cell": cells}))["cell"].tolist()[:5] == cells[:5]
    assert inert_table(pd.DataFrame({"cell": cells}))["cell"].tolist()[6:] == cells[6:]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(1)", "+a", "-b", "'=c", "\t=d", "%e"])
def test_a_clip_table_is_written_inert_and_read_as_it_was(name: str, tmp_path: Path) -> None:
    clips = pd.DataFrame(
        {"clip": [name, "x"], "path": [f"{name}.wav", "x.wav"], "label": [0, 1], "voice": ["v", "w"]}
    )
    write_clips(clips, tmp_path / "clips.csv")
    written = pd.read_csv(tmp_path / "clips.csv", dtype=str)
    assert written["clip"][0] == f"'{name}"
    assert read_clips(tmp_path / "clips.csv")["clip"].tolist() == [name, "x"]


def test_a_column_of_a_stranger_is_inert_too(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"=1+1": ["a"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().startswith("'=1+1\n")
    assert list(read_table(tmp_path / "t.csv", ()).columns) == ["=1+1"]
