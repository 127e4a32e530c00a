"""A run's telling test clips, each explained: `report/examples.html`."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..detector import Detector, load_detector, read_recording
from ..errors import UserError, one_line
from ..explaining import Explanation, explain
from ..explaining.explanation import NAMES
from ..files import read_json, write_text
from ..labels import FAKE, LABEL_NAMES
from ..runs import RunFolder, read_scores
from ..tested import tested_clips
from .canvas import as_svg
from .explanation_page import MEANING, explained
from .html import document, folded, paragraph
from .pictures.evidence import evidence_picture
from .pictures.scale import log_odds

# Enough to see what a clip's verdict rests on; the rest of a long one is left out, and the page says so.
WINDOWS = 2
RANDOM_ORDERS = 4
# Training waits for this page. When so much is spent, faithfulness is left out of the clips that remain.
SECONDS = 5.0
# One drawing for desk and phone, between the two: six of each would take as long as the explanations.
SIZE_INCHES = (5.2, 4.8)
SOUND_BYTES = 2_000_000
RULE = (
    "Chosen by a rule, not for their looks: of the test clips the fake it was surest of and caught, the fake it was "
    "surest was real, the real clip it was surest was fake, the real clip it was surest of, and then those nearest "
    "to the threshold."
)


class Example(NamedTuple):
    """Why a clip was chosen, and its row of the scores."""

    why: str
    clip: pd.Series


def write_examples(
    run: RunFolder | Path | str,
    count: int = 6,
    tables: list[Path] | None = None,
    device: str = "cpu",
    seconds: float = SECONDS,
) -> Path | None:
    """Explain a few test clips of a finished run on one page; None where the run has no test scores.

    Args:
        tables: the run's clip tables, where they have moved.
        seconds: after so many the faithfulness of further clips is left out.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(Path(run))
    if not run.scores("test").is_file():
        return None
    clips, root = tested_clips(run, tables)
    detector = load_detector(run.path, device)
    threshold = float(read_json(run.threshold)["threshold"])
    examples = chosen_examples(read_scores(run.scores("test")), threshold, count)
    paths = dict(zip(clips["clip"], clips["path"], strict=True))
    until = time.monotonic() + seconds
    told: list[Explanation] = []
    articles = []
    for number, example in enumerate(examples, start=1):
        hurried = time.monotonic() > until
        try:
            explanation, section = _example(
                detector, example, root / paths[example.clip["clip"]], number, hurried
            )
        except UserError as error:
            section = _title(example, number) + paragraph(f"Not explained: {one_line(error)}", "note")
        else:
            told.append(explanation)
        articles.append(section)
    sections = [*_opening(told, detector), *articles, _meaning()]
    write_text(run.examples, document("Explained examples", sections))
    return run.examples


def chosen_examples(scores: pd.DataFrame, threshold: float, count: int) -> list[Example]:
    """At most `count` clips by the rule; a kind that the run has none of is left out."""
    distance = np.abs(log_odds(scores["p_fake"].to_numpy()) - log_odds(threshold))
    table = scores.assign(_distance=distance)
    fake, called = table["label"] == FAKE, table["p_fake"] >= threshold
    kinds = (
        ("The fake it was surest of", fake & called, False),
        ("The fake it missed by most", fake & ~called, True),
        ("The real clip it was surest was fake", ~fake & called, False),
        ("The real clip it was surest of", ~fake & ~called, True),
    )
    found = []
    for why, which, ascending in kinds:
        clips = table[which].sort_values(["p_fake", "clip"], ascending=[ascending, True])
        found += [Example(why, clip) for _, clip in clips.head(1).iterrows()]
    rest = table[~table["clip"].isin([example.clip["clip"] for example in found])]
    nearest = rest.sort_values(["_distance", "clip"])
    found += [Example("Near the threshold", clip) for _, clip in nearest.head(max(0, count)).iterrows()]
    return found[:count]


def _example(
    detector: Detector, example: Example, path: Path, number: int, hurried: bool
) -> tuple[Explanation, str]:
    waveform = read_recording(path, detector.sample_rate)
    told = explain(
        detector,
        waveform,
        _method(detector),
        name=str(example.clip["clip"]),
        most_windows=WINDOWS,
        random_orders=0 if hurried else RANDOM_ORDERS,
    )
    share = SOUND_BYTES // 6
    picture = evidence_picture(told)
    picture.set_size_inches(*SIZE_INCHES)
    drawn = as_svg(picture, f"example-{number}")
    shown = explained(told, waveform, detector.sample_rate, drawn, share)
    trust = told.faithfulness.words if told.faithfulness else "Its faithfulness was left out, to save time."
    return told, "".join([_title(example, number), *shown, paragraph(trust, "note")])


def _title(example: Example, number: int) -> str:
    clip = example.clip
    told = f"{LABEL_NAMES[int(clip['label'])]}, voice {clip['voice']}"
    told += f", system {clip['system']}" if clip.get("system") else ""
    return (
        f'<h2 id="example-{number}">{number}. {escape(example.why)}</h2>'
        f"<p><strong>{escape(str(clip['clip']))}</strong>: {escape(told)}</p>"
    )


def _opening(told: list[Explanation], detector: Detector) -> list[str]:
    method = NAMES[_method(detector)]
    sections = [paragraph(f"Which part of a recording its verdict rests on, by {method}. {RULE}")]
    shares = [each.silence.of_evidence_for_fake for each in told]
    known = [share for share in shares if share is not None]
    if known:
        silent = np.mean([each.silence.of_time for each in told])
        sections.append(
            paragraph(
                f"Over these {len(told)} examples {100 * np.mean(known):.0f} % of the evidence for fake falls on "
                f"silence, which is {100 * silent:.0f} % of the time.",
                "verdict",
            )
        )
    judged = [each.faithfulness for each in told if each.faithfulness]
    if judged:
        good = sum(each.faithful for each in judged)
        sections.append(
            paragraph(
                f"In {good} of {len(judged)} examples taking away what the explanation points at changes the answer "
                "clearly faster than taking away as much at random."
            )
        )
    sections.append(
        paragraph("The page carries these recordings: pass it on only where you may pass them on.", "note")
    )
    return sections


def _meaning() -> str:
    return folded("What this shows and what it does not", "".join(paragraph(line) for line in MEANING))


def _method(detector: Detector) -> str:
    return "gradcam" if detector.network.mapped_layers() else "integrated_gradients"
