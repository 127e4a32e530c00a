"""The section of curves: what stands in words beside the pictures."""

from __future__ import annotations

from pathlib import Path

from deepfake_audio.files import read_json
from deepfake_audio.judgement import judge
from deepfake_audio.report.sections.curves import curve_sections
from deepfake_audio.runs import read_scores

from ..scored import made_run


def test_tests_own_best_threshold_is_told_and_called_a_diagnosis(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    scores = {part: read_scores(run.scores(part)) for part in ("val", "test")}
    own, test = metrics["test"]["own_best"], metrics["test"]
    assert own["f2"] > test["f2"], "or there would be nothing to tell apart"

    def told(parts: tuple[str, ...]) -> str:
        of = {part: scores[part] for part in parts}
        return curve_sections(
            of, read_json(run.threshold), metrics, lambda name, figure: f"<svg>{name}</svg>"
        )

    note = next(line for line in told(("val", "test")).split("<p") if "diagnosis only" in line)
    for figure in (f"{own['threshold']:.4g}", f"{own['f2']:.3f}", f"{test['f2']:.3f}"):
        assert figure in note
    assert "no result" in note
    assert "diagnosis" not in told(("val",))
