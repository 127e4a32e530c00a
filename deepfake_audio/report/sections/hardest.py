"""The hardest test clips, to be looked at and listened to."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from ...errors import UserError
from ...labels import LABEL_NAMES
from ...probability import beside
from ...runs import RunFolder
from ...tested import tested_clips
from ..drawings import Draw
from ..hardest import Hard, hardest_clips
from ..html import drawing, heading, paragraph
from ..pictures import spectrogram
from ..sound import MOST_SECONDS, PLAYED_HZ, fitting, opening, player

# All players together: with pictures and base64 the page stays under three megabytes.
SOUND_BYTES = 1_000_000
GROUPS = ("race", "gender", "corpus", "method")


def hardest_section(run: RunFolder, scores: pd.DataFrame, threshold: float, draw: Draw, sound: bool) -> str:
    """A card a clip: what it is, how it was scored, its spectrogram, and a player.

    Args:
        draw: saves a figure under a name and returns the drawing.
        sound: whether the page may carry the recordings.
    """
    kinds = hardest_clips(scores, threshold)
    paths, why = _recordings(run) if sound else ({}, "Recordings were left out of this page.")
    chosen = sum(len(kind.clips) for kind in kinds)
    share = SOUND_BYTES // max(1, chosen)
    number = 0
    told = []
    for kind in kinds:
        cards = []
        for _, clip in kind.clips.iterrows():
            number += 1
            cards.append(_card(clip, threshold, paths.get(clip["clip"]), share, f"hardest_{number}", draw))
        told.append(_kind(kind, cards))
    note = why or (
        f"Heard and drawn is the beginning of each clip, {MOST_SECONDS:g} s at most, at {PLAYED_HZ // 1000} kHz and "
        "its own level. The page carries these recordings: pass it on only where you may pass them on."
    )
    return heading("Hardest clips") + _link(run) + "".join(told) + paragraph(note, "note")


def _recordings(run: RunFolder) -> tuple[dict[str, Path], str]:
    """Where each test clip's recording lies, or why none can be had."""
    try:
        clips, root = tested_clips(run)
    except UserError as error:
        return {}, f"There is nothing to hear or to see: {error}."
    return {str(clip): root / path for clip, path in zip(clips["clip"], clips["path"], strict=True)}, ""


def _kind(kind: Hard, cards: list[str]) -> str:
    shown = f'<div class="clips">{"".join(cards)}</div>' if cards else paragraph(kind.none)
    return f"<h3>{escape(kind.title)}</h3>{shown}"


def _card(clip: pd.Series, threshold: float, path: Path | None, share: int, name: str, draw: Draw) -> str:
    p_fake, cut = beside(float(clip["p_fake"]), threshold)
    facts = [f"{LABEL_NAMES[clip['label']]}, P(fake) {p_fake} (fake from {cut} on)"]
    facts += [f"system {clip['system']}"] if clip["system"] else []
    facts += [str(clip[column]) for column in GROUPS if clip.get(column)]
    facts += [f"voice {clip['voice']}"]
    told = f"<p><strong>{escape(str(clip['clip']))}</strong></p>" + paragraph(", ".join(facts))
    return f"<article>{told}{_shown(str(clip['clip']), path, share, name, draw) if path else ''}</article>"


def _shown(clip: str, path: Path, share: int, name: str, draw: Draw) -> str:
    """Spectrogram and player of the same stretch, or why this one has none."""
    try:
        heard, data = fitting(opening(path), share)
    except UserError as error:
        return paragraph(f"It cannot be heard: {error}.", "note")
    seconds = len(heard) / PLAYED_HZ
    says = f"Spectrogram of {clip}: {seconds:.1f} s, 0 to {PLAYED_HZ // 2} Hz"
    return drawing(draw(name, spectrogram(heard, PLAYED_HZ)), says) + player(data, f"The recording {clip}")


def _link(run: RunFolder) -> str:
    if not run.examples.is_file():
        return ""
    return (
        f'<p><a href="{run.examples.name}">Explained examples</a>: '
        "which part of a recording its verdict rests on.</p>"
    )
