"""What one run came to, read from its folder: its figures, its setting, and what it was measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..clips import read_table
from ..errors import UserError
from ..evaluation.thresholds import Rule
from ..evaluation.thresholds import in_words as rule_in_words
from ..files import read_json
from ..provenance import file_fingerprint
from ..runs import RunFolder
from ..settings import read_settings, read_yaml

VAL_FIGURES = ("f2", "average_precision")
TEST_FIGURES = (
    "f2", "f2_all_fake", "recall", "false_alarm_rate", "balanced_accuracy", "auc", "eer", "average_precision",
)  # fmt: skip
# What may differ between runs of one setting: it decides where and how fast a run is made, or is luck. The number of
# processes is none of these: each brings a batch of its own.
NO_SETTING = (
    "seed", "ckpt_path", "overwrite", "record", "audit", "explain", "corpus.root", "data.workers",
    "trainer.accelerator", "trainer.enable_progress_bar", "trainer.enable_model_summary",
    "trainer.log_every_n_steps", "trainer.logger", "trainer.num_sanity_val_steps",
)  # fmt: skip
# How the status of a run begins that came to nothing, that others cut short, and that another takes the place of.
FAILED_STATUS, PRUNED_STATUS, KILLED_STATUS = "failed", "pruned", "killed"
# Where a run knows the content of these, their paths say nothing more.
PATHS = {"clips": "clips", "split.file": "split"}


@dataclass(frozen=True)
class Result:
    """A run as the leaderboard sees it. One that failed has a `status` other than done, and no figures."""

    run: RunFolder
    overrides: list[str] = field(default_factory=list)
    setting: str = ""  # equal for runs that differ in nothing but their seed; empty where unknown
    asked: str = ""  # the same by the config alone, which failed runs have too
    rule: str = ""  # what the threshold was chosen for, in words; tuning changes it, and no setting
    seed: int | None = None
    measured_on: tuple[str, ...] = ()  # validation clips, test clips, their labels, what they sound like
    table: str = ""  # fingerprint of the clip table's content; empty where unknown
    recordings: str = ""  # fingerprint of what the clips sound like; empty where unknown
    figures: dict[str, float | None] = field(default_factory=dict)  # as "val_f2"
    f2_interval: tuple[float, float] | None = None  # of test, over voices
    audit_passed: bool | None = None
    policy: str | None = None  # of the split
    status: str = "done"


def find_runs(folders: list[Path]) -> list[RunFolder]:
    """The runs among `folders`, and those that stand in one of them (a sweep)."""
    runs: dict[Path, RunFolder] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is missing; give folders of runs, or of a sweep")
        inside = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()), key=_in_order)
        if not inside:
            raise UserError(f"{folder} holds no run; a run's folder has a config.yaml or metrics.json")
        runs.update({run.resolve(): RunFolder(run) for run in inside})
    return list(runs.values())


def read_result(run: RunFolder) -> Result:
    """All that is compared of a run; what can't be read makes it a failed one, never an error."""
    settings, told = read_settings(run.config), read_yaml(run.overrides)
    seed = settings.get("seed")
    result: dict[str, Any] = {
        "run": run,
        "overrides": [str(each) for each in told] if isinstance(told, list) else [],
        "seed": seed if isinstance(seed, int) else None,
        "asked": _setting(settings, {}),
    }
    if not run.metrics.is_file():
        status = _ended_early(run) or f"failed: no {run.metrics.name}; {_way_on(run)}"
        return Result(**result, setting=result["asked"], status=status)
    try:
        metrics = read_json(run.metrics)
        known = (metrics.get("provenance") or {}).get("fingerprints") or {}
        _check_scores(run, known, metrics)
        val, test = metrics["val"], metrics.get("test") or {}
        interval = (test.get("intervals") or {}).get("f2")
        return Result(
            **result,
            setting=_setting(settings, known),
            measured_on=(*_measured_on(run), known.get("recordings", "")),
            table=known.get("clips", ""),
            recordings=known.get("recordings", ""),
            figures={
                **{f"val_{name}": val.get(name) for name in (*VAL_FIGURES, "threshold")},
                **{f"test_{name}": test.get(name) for name in TEST_FIGURES},
            },
            f2_interval=(interval[0], interval[1]) if interval else None,
            audit_passed=(metrics.get("audit") or {}).get("passed"),
            policy=(metrics.get("split") or {}).get("policy"),
            rule=_rule(run),
        )
    except (UserError, KeyError, TypeError, AttributeError) as error:
        status = f"failed: {error if isinstance(error, UserError) else f'not judged; {_way_on(run)}'}"
        return Result(**result, setting=result["asked"], status=status)


def scores_of(result: Result, part: str) -> pd.DataFrame:
    """Clip, label, voice, P(fake) and, where it is known, track: in the order of the clips' names."""
    table = read_table(result.run.scores(part), ("clip", "voice", "label", "p_fake"))
    columns = ["clip", "voice", "label", "p_fake", *(["track"] if "track" in table else [])]
    return table[columns].sort_values("clip", ignore_index=True).astype({"label": int, "p_fake": float})


def _check_scores(run: RunFolder, known: dict[str, str], metrics: dict[str, Any]) -> None:
    """Figures come from `metrics.json`, intervals of differences from the scores: they must be of one make.

    A folder of scores alone has no record, but its threshold knows the scores that it was judged by.
    """
    threshold = read_json(run.threshold) if run.threshold.is_file() else {}
    if "threshold" in threshold and threshold["threshold"] != metrics["val"].get("threshold"):
        raise UserError(
            f"{run.threshold.name} is not the one that {run.metrics.name} tells of; {_way_on(run)}"
        )
    judged_by = {"scores_val": threshold.get("scores_fingerprint"), **(threshold.get("fingerprints") or {})}
    for file, prints in ((run.metrics, known), (run.threshold, judged_by)):
        for part in ("val", "test"):
            scores, own = run.scores(part), prints.get(f"scores_{part}")
            if own and scores.is_file() and file_fingerprint(scores) != own:
                raise UserError(f"{scores.name} is not what {file.name} was made of; {_way_on(run)}")


def _ended_early(run: RunFolder) -> str:
    """Why a run was not gone on with, where a search decided so; empty where it didn't."""
    told = read_yaml(run.ended)
    return str(told.get("status", "")) if isinstance(told, dict) else ""


def _way_on(run: RunFolder) -> str:
    """What makes a failed run whole."""
    if run.scores("val").is_file():
        return f"run `python -m deepfake_audio.tune {run.path}`"
    last = run.checkpoints / "last.ckpt"
    return f"train it again{f', or go on with ckpt_path={last}' if last.is_file() else ''}"


def _is_run(folder: Path) -> bool:
    run = RunFolder(folder)
    return any(file.is_file() for file in (run.metrics, run.config, run.overrides, run.scores("val")))


def _in_order(folder: Path) -> tuple[int, str]:
    """A sweep's folders begin with the job's number: 2 before 10."""
    number = folder.name.split("_")[0]
    return (int(number) if number.isdecimal() else -1, folder.name)


def _setting(settings: dict[str, Any], known: dict[str, str]) -> str:
    """The fingerprint of all settings but for the seed, and for what changes no figure."""
    if not settings:
        return ""
    told = {**settings, **{path: known[content] for path, content in PATHS.items() if content in known}}
    kept = {
        key: value
        for key, value in told.items()
        if not any(key == each or key.startswith(f"{each}.") for each in NO_SETTING)
    }
    return _sha(f"{key}={kept[key]!r}" for key in sorted(kept))


def _rule(run: RunFolder) -> str:
    """As `threshold.json` tells it, of whatever age; empty where it doesn't."""
    if not run.threshold.is_file():
        return ""
    told = read_json(run.threshold)
    rule = told.get("rule") or {name: told[name] for name in ("beta", "max_false_alarm")}
    return rule_in_words(Rule(**rule))


def _measured_on(run: RunFolder) -> tuple[str, str, str]:
    clips: dict[str, str] = {}
    labels = []
    for part in ("val", "test"):
        told = []
        if run.scores(part).is_file():
            scores = read_table(run.scores(part), ("clip", "label"))
            told = sorted(zip(scores["clip"], scores["label"], strict=True))
        clips[part] = _sha(clip for clip, _ in told)
        labels += [label for _, label in told]
    return clips["val"], clips["test"], _sha(labels)


def _sha(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
