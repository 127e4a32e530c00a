"""An explanation as files: one page with pictures and players, and the same things each in a file of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ..errors import UserError
from ..explaining import Explanation
from ..explaining.sound import Wave, cut, isolated, loudest_evidence
from ..explaining.where import Patch, strongest
from ..files import replacing, write_json, write_text
from ..probability import beside
from .drawings import save_and_draw
from .html import document, drawing, folded, heading, paragraph, table
from .pictures.evidence import evidence_picture
from .pictures.faithfulness import faithfulness_picture
from .sound import PLAYED_HZ, fitting, player

JSON = "explanation.json"
EVIDENCE, ISOLATED = "evidence.wav", "evidence_isolated.wav"
# All that is heard on a page together.
SOUND_BYTES = 2_000_000
MEANING = (
    "The map shows what this detector's arithmetic rests on, not what is fake about a voice. Evidence in a place is "
    "no proof that anything was forged there, and its lack none that it was not.",
    "Without faithfulness a map is a picture and no more. And a faithful map of a detector that goes by a shortcut "
    "shows the shortcut: look at how much falls on silence.",
    "Evidence is drawn relative to the strongest of this recording: two recordings' colours can't be compared.",
)


def check_folder(folder: Path) -> None:
    """Refuse to write among somebody else's files; an explanation from before may be replaced."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: give another folder with --out")
    if folder.is_dir() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise UserError(f"{folder} can't be written to: give another folder with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / JSON).is_file():
        raise UserError(f"{folder} holds other things: give an empty or new folder with --out")


@contextmanager
def folder_for(folder: Path) -> Iterator[None]:
    """Make the folder before the work that is to fill it; what stays empty, for that went wrong, goes again."""
    check_folder(folder)
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} can't be made ({error.strerror}): give another folder with --out"
        ) from None
    try:
        yield
    finally:
        for each in new:
            with suppress(OSError):
                each.rmdir()


def write_explanation(told: Explanation, waveform: Wave, sample_rate: int, folder: Path) -> Path:
    """Write everything about one recording [T] into `folder`, and return the page."""
    check_folder(folder)
    # First, for by it the folder is known as an explanation's, and may be written anew.
    write_json(folder / JSON, told.to_dict())
    drawn = save_and_draw(folder, "explanation", evidence_picture(told))
    sections = explained(told, waveform, sample_rate, drawn, SOUND_BYTES)
    sections += [_patches(told), _trust(told, folder), paragraph(told.how, "note")]
    sections.append(folded("What this shows and what it does not", "".join(map(paragraph, MEANING))))
    _write_sounds(told, waveform, sample_rate, folder)
    page = folder / "explanation.html"
    write_text(page, document(f"Why: {Path(told.verdict.file).name or 'a recording'}", sections))
    return page


def explained(
    told: Explanation, waveform: Wave, sample_rate: int, picture: str, most_bytes: int
) -> list[str]:
    """What any page says of an explained recording: verdict, words, its picture, players."""
    verdict = told.verdict
    p_fake, threshold = beside(verdict.p_fake, verdict.threshold)
    calls = "can't tell, and leans to" if verdict.doubts else "calls it"
    says = f"P(fake) is {p_fake}: the detector {calls} {verdict.leaning} (fake from {threshold} on)."
    return [
        paragraph(says, "verdict"),
        *(paragraph(caution, "caution") for caution in (*verdict.doubts, *verdict.warnings)),
        paragraph(told.words, "alarm" if told.suspicious else ""),
        paragraph(told.chosen_windows, "note") if told.chosen_windows else "",
        drawing(picture, f"{says} {told.words}"),
        _players(told, waveform, sample_rate, most_bytes),
    ]


def _players(told: Explanation, waveform: Wave, sample_rate: int, most_bytes: int) -> str:
    stretch = strongest(list(told.stretches), told.label)
    sounds = {
        f"What was explained, {stretch.start_seconds:.1f} to {stretch.end_seconds:.1f} s": cut(
            waveform, sample_rate, stretch.start_seconds, stretch.end_seconds
        )
    }
    found = evidence_sounds(told, waveform, sample_rate)
    if found:
        start, end, part, alone = found
        sounds[f"The strongest evidence for {told.label}, {start:.1f} to {end:.1f} s"] = part
        sounds[f"The same second, and nothing but what speaks for {told.label}"] = alone
    share = most_bytes // len(sounds)
    told_all = []
    for name, sound in sounds.items():
        _, data = fitting(_played(sound, sample_rate), share)
        told_all.append(f"<article><p>{escape(name)}</p>{player(data, name)}</article>")
    return f'<div class="clips">{"".join(told_all)}</div>'


def _played(sound: Wave, sample_rate: int) -> np.ndarray:
    """At the rate that pages play at, and no louder than full scale."""
    common = gcd(sample_rate, PLAYED_HZ)
    heard = np.asarray(sound, dtype=np.float64)
    if sample_rate != PLAYED_HZ:
        heard = resample_poly(heard, PLAYED_HZ // common, sample_rate // common)
    return heard / max(1.0, float(np.abs(heard).max(initial=0.0)))


def evidence_sounds(
    told: Explanation, waveform: Wave, sample_rate: int
) -> tuple[float, float, Wave, Wave] | None:
    """The second with the strongest evidence for the verdict: start, end, as it is, and its evidence alone."""
    stretches = list(told.stretches)
    span = loudest_evidence(stretches, told.label)
    if span is None:
        return None
    alone = isolated(waveform, sample_rate, strongest(stretches, told.label), told.label, told.bin_hz)
    return (*span, cut(waveform, sample_rate, *span), cut(alone, sample_rate, *span))


def _write_sounds(told: Explanation, waveform: Wave, sample_rate: int, folder: Path) -> None:
    found = evidence_sounds(told, waveform, sample_rate)
    for name, sound in zip((EVIDENCE, ISOLATED), found[2:] if found else (None, None), strict=True):
        if sound is None:
            (folder / name).unlink(missing_ok=True)
            continue
        with replacing(folder / name) as part:
            soundfile.write(part, np.clip(sound, -1, 1), sample_rate, subtype="PCM_16")


def _patches(told: Explanation) -> str:
    rows = [
        [
            f"{patch.start_seconds:.2f} to {patch.end_seconds:.2f} s",
            *_band(patch),
            f"{100 * patch.share:.0f} %",
        ]
        for patch in told.patches
    ]
    if not rows:
        return ""
    columns = ["time", "share"] if told.over_time_only else ["time", "frequency", "share"]
    return heading("Strongest patches") + table(columns, rows, f"share of all evidence for {told.label}")


def _band(patch: Patch) -> list[str]:
    """Its cell of the table, where there is one."""
    if patch.low_hz is None or patch.high_hz is None:
        return []
    return [f"{patch.low_hz:.0f} to {patch.high_hz:.0f} Hz"]


def _trust(told: Explanation, folder: Path) -> str:
    if told.faithfulness is None:
        return ""
    words = told.faithfulness.words
    drawn = drawing(save_and_draw(folder, "faithfulness", faithfulness_picture(told.faithfulness)), words)
    return heading("Is it faithful?") + paragraph(words) + drawn
