"""What a run tells of its origin: enough to repeat it, and nobody's name."""

from __future__ import annotations

import json
import platform
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from deepfake_audio.provenance import provenance, table_fingerprint
from deepfake_audio.splitting import split_fingerprint

CLIPS = pd.DataFrame(
    {
        "clip": ["a", "b", "c"], "path": ["a.wav", "b.wav", "c.wav"], "label": [0, 1, 1], "voice": ["v", "v", "w"],
        "split": ["train", "val", "test"],
    }
)  # fmt: skip


def test_when_on_what_and_with_what() -> None:
    before = datetime.now(UTC) - timedelta(seconds=90)
    record = provenance(before, CLIPS)
    assert datetime.fromisoformat(record["started"]).utcoffset() == timedelta(0)
    assert abs(datetime.fromisoformat(record["started"]) - before) < timedelta(seconds=1)
    assert 90 <= record["seconds"] < 120
    assert record["python"] == platform.python_version()
    assert record["versions"]["torch"]
    assert record["hardware"]["cores"] >= 1
    assert record["hardware"]["memory_gib"] > 0
    assert record["fingerprints"]["split"] == split_fingerprint(CLIPS)


def test_it_names_no_machine_and_no_folder() -> None:
    told = json.dumps(provenance(datetime.now(UTC), CLIPS))
    assert platform.node() not in re.findall(r"[\w.-]+", told)
    assert str(Path.home()) not in told and str(Path.cwd()) not in told


def test_a_table_is_the_same_in_any_order_and_another_if_a_cell_differs() -> None:
    same = table_fingerprint(CLIPS)
    assert table_fingerprint(CLIPS.iloc[::-1, ::-1]) == same
    assert table_fingerprint(CLIPS.assign(split="test")) == same
    assert table_fingerprint(CLIPS.assign(label=[0, 1, 0])) != same
    assert table_fingerprint(CLIPS.iloc[:2]) != same
    assert table_fingerprint(CLIPS.rename(columns={"voice": "face"})) != same
