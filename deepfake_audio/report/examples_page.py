"""A run's telling test clips, each explained: `report/examples.html`."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..detector import Detector, load_detector, read_recording
from ..errors import UserError, one_line
from ..explaining import Explanation, explain, usual_method
from ..explaining.explanation import NAMES
from ..explaining.patches import speaks_for
from ..explaining.silence import share_on_silence
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
# Training waits for this page: faithfulness is checked with fewer orders and coarser steps than on a page of its own.
RANDOM_ORDERS, POINTS = 4, 6
# One drawing for desk and phone, between the two: six of each would take as long as the explanations.
SIZE_INCHES = (5.2, 4.8)
SOUND_BYTES = 2_000_000
RULE = (
    "Chosen by a rule, not for their looks: of the test clips the fake it was surest of and caught, the fake it was "
    "surest was real, the real clip it was surest was fake, the real clip it was surest of, and then those nearest "
    "to the threshold, of different voices and of both kinds if there are."
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
) -> Path | None:
    """Explain a few test clips of a finished run on one page; None where the run has no test scores.

    Args:
        tables: the run's clip tables, where they have moved.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(Path(run))
    if not run.scores("test").is_file():
        return None
    clips, root = tested_clips(run, tables)
    detector = load_detector(run.path, device)
    threshold = float(read_json(run.threshold)["threshold"])
    examples = chosen_examples(read_scores(run.scores("test")), threshold, count)
    paths = dict(zip(clips["clip"], clips["path"], strict=True))
    told: list[Explanation] = []
    articles = []
    for number, example in enumerate(examples, start=1):
        try:
            explanation, section = _example(detector, example, root / paths[example.clip["clip"]], number)
        except UserError as error:
            section = _title(example, number) + paragraph(f"Not explained: {one_line(error)}", "note")
        else:
            told.append(explanation)
        articles.append(section)
    sections = [*_opening(told, len(examples), detector), *articles, _meaning()]
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
    nearest = _by_turns(rest.sort_values(["_distance", "clip"]), count - len(found))
    return [*found, *(Example("Near the threshold", clip) for clip in nearest)][:count]


def _by_turns(clips: pd.DataFrame, most: int) -> list[pd.Series]:
    """The first ones of different voices, fake and real by turns as long as there are both."""
    found: list[pd.Series] = []
    while len(found) < most and len(clips):
        other = clips[clips["label"] != found[-1]["label"]] if found else clips
        clip = (other if len(other) else clips).iloc[0]
        found.append(clip)
        clips = clips[clips["voice"] != clip["voice"]]
    return found


def _example(detector: Detector, example: Example, path: Path, number: int) -> tuple[Explanation, str]:
    waveform = read_recording(path, detector.sample_rate)
    told = explain(
        detector,
        waveform,
        usual_method(detector.network),
        name=str(example.clip["clip"]),
        most_windows=WINDOWS,
        random_orders=RANDOM_ORDERS,
        points=POINTS,
    )
    share = SOUND_BYTES // 6
    picture = evidence_picture(told)
    picture.set_size_inches(*SIZE_INCHES)
    drawn = as_svg(picture, f"example-{number}")
    shown = explained(told, waveform, detector.sample_rate, drawn, share)
    trust = paragraph(told.faithfulness.words, "note") if told.faithfulness else ""
    return told, "".join([_title(example, number), *shown, trust])


def _title(example: Example, number: int) -> str:
    clip = example.clip
    told = f"{LABEL_NAMES[int(clip['label'])]}, voice {clip['voice']}"
    told += f", system {clip['system']}" if clip.get("system") else ""
    return (
        f'<h2 id="example-{number}">{number}. {escape(example.why)}</h2>'
        f"<p><strong>{escape(str(clip['clip']))}</strong>: {escape(told)}</p>"
    )


def _opening(told: list[Explanation], chosen: int, detector: Detector) -> list[str]:
    method = NAMES[usual_method(detector.network)]
    sections = [paragraph(f"Which part of a recording its verdict rests on, by {method}. {RULE}")]
    share = silence_in(told)
    if share is not None:
        of_time = np.concatenate([stretch.silent for each in told for stretch in each.stretches]).mean()
        sections.append(
            paragraph(
                f"Over these {len(told)} examples {100 * share:.0f} % of the evidence for what the detector called "
                f"them falls on silence, which is {100 * of_time:.0f} % of the time.",
                "verdict",
            )
        )
    judged = [each.faithfulness for each in told if each.faithfulness]
    if judged:
        good = sum(each.faithful for each in judged)
        checked = "" if len(judged) == chosen else f"Of {chosen} examples, {len(judged)} could be checked. "
        sections.append(
            paragraph(
                f"{checked}In {good} of {len(judged)} examples taking away what the explanation points at changes "
                "the answer clearly faster than taking away as much at random."
            )
        )
    sections.append(
        paragraph("The page carries these recordings: pass it on only where you may pass them on.", "note")
    )
    return sections


def silence_in(told: list[Explanation]) -> float | None:
    """Of the evidence for each verdict, all together, the share on silence.

    It counts by its strength: a recording with next to none for its verdict says next to nothing.
    """
    found = [(each.label, stretch) for each in told for stretch in each.stretches]
    if not found:
        return None
    weight = [speaks_for(label, stretch.evidence) for label, stretch in found]
    return share_on_silence(weight, [stretch.silent for _, stretch in found])


def _meaning() -> str:
    return folded("What this shows and what it does not", "".join(paragraph(line) for line in MEANING))
