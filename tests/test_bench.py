"""The benchmark's arithmetic, its page, and that it runs; and that nothing heavy loads where it is not needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from deepfake_audio.verb_help import composed_by_hydra, composed_here
from scripts.benching.frame import Point, Row
from scripts.benching.growth import mib_at, seconds_at, slope
from scripts.benching.paper import CLIPS, duration, on_paper
from scripts.benching.table import spliced, text

REPOSITORY = Path(__file__).parents[1]
CONF = REPOSITORY / "conf"


def grown(power: float) -> list[Point]:
    return [
        Point("choose a threshold", n, "scores", 3e-6 * n**power, 100 + n / 1000) for n in (1e3, 1e4, 1e5)
    ]


@pytest.mark.parametrize("power", [1.0, 1.3, 2.0])
def test_a_power_law_is_found_and_drawn_on(power: float) -> None:
    assert slope(grown(power)) == pytest.approx(power)
    assert seconds_at(grown(power), 1e7) == pytest.approx(3e-6 * 1e7**power)
    assert mib_at(grown(power), 1e6) == pytest.approx(1100)


def test_no_size_beyond_is_promised_for_less_than_its_share() -> None:
    """What is paid once makes a curve flat where it begins."""
    flat = [Point("choose a threshold", n, "scores", 1 + n / 1e5) for n in (1e3, 1e4, 1e5)]
    assert seconds_at(flat, 1e7) == pytest.approx(100 * flat[-1].seconds)


def test_on_paper_tells_what_was_measured_alone() -> None:
    stages = {cost.stage: cost.amount for cost in on_paper(grown(1.0))}
    assert set(stages) == {"disk for the wavs", "choosing the threshold"}
    # FakeAVCeleb's 21,544 wavs of 5.5 s come to 3.8 GB.
    assert stages["disk for the wavs"] == f"{3.7924 * CLIPS / 21_544 / 1000:.2f} TB"
    assert stages["choosing the threshold"] == duration(3e-6 * 0.15 * CLIPS)


def test_whether_a_goal_is_met() -> None:
    row = Row("a", "b", "s", 3.0, 2.0, 1.5, goal_at_most=1.4, note="the reason")
    assert row.met is False and "no" in text([row]) and "the reason" in text([row])
    assert Row("a", "b", "clips/s", 3.0, 2.0, 1.5, goal=1.5).met is True


def test_only_what_is_between_the_marks_changes() -> None:
    page = "before\n<!-- measured -->\nold\n<!-- /measured -->\nafter\n"
    once = spliced(page, "new")
    assert once == "before\n<!-- measured -->\n\nnew\n\n<!-- /measured -->\nafter\n"
    assert spliced(once, "new") == once
    with pytest.raises(ValueError):
        spliced("no marks", "new")


def test_the_page_has_its_marks() -> None:
    assert "new" in spliced((REPOSITORY / "docs" / "speed.md").read_text(encoding="utf-8"), "new")


def test_a_quick_run(tmp_path: Path) -> None:
    """A measure that fails is told and costs the others nothing."""
    command = [sys.executable, "scripts/bench.py", "tuning", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "np.argsort" in done.stdout and "on paper" in done.stdout
    told = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert told["quick"] is True and told["hardware"]["cores"] >= 1
    assert all(row["ours"] > 0 for row in told["measures"]["tuning"]["rows"])
    assert (tmp_path / "speed.png").stat().st_size > 5000


def test_no_such_measure(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/bench.py", "tunning", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert done.returncode == 2 and "tuning" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(file.stem for file in CONF.glob("*.yaml")))
def test_help_is_put_together_as_hydra_would(name: str) -> None:
    assert composed_here(CONF, name) == composed_by_hydra(CONF, name)


@pytest.mark.parametrize(
    "steps", ["- model: nowhere", "- model: cnn", "- two/words@other", "- override /model: cnn"]
)
def test_what_help_cannot_put_together_is_hydras(steps: str, tmp_path: Path) -> None:
    """A missing file, a file with defaults of its own, another package, a group chosen elsewhere; no `_self_`."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "cnn.yaml").write_text("defaults:\n  - base\nname: cnn\n")
    (tmp_path / "a.yaml").write_text(f"defaults:\n  - _self_\n  {steps}\nkey: 1\n")
    assert composed_here(tmp_path, "a") is None
    (tmp_path / "b.yaml").write_text("defaults:\n  - model: null\nkey: 1\n")
    assert composed_here(tmp_path, "b") is None


def test_a_verdict_on_a_wav_loads_nothing_it_does_not_need(tmp_path: Path) -> None:
    """Each of these takes as long to load as the verdict itself."""
    heavy = ["scipy", "pandas", "pytorch_lightning", "matplotlib", "av", "sklearn", "torchmetrics", "hydra"]
    file = tmp_path / "a.wav"
    soundfile.write(str(file), np.random.default_rng(0).normal(0, 0.05, 32_000), 16_000)
    code = (
        "import sys, deepfake_audio.predict as predict\n"
        "assert predict.main([sys.argv[1]]) == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
