"""The leaderboard as a page of its own, which fetches nothing."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from ..comparing import Board, Comparison, Difference, Entry, quoted
from ..comparing.differences import FIGURES, SHOWN
from ..comparing.words import (
    decimals,
    different_clips,
    interval_in_words,
    of_intervals,
    spread_in_words,
    who_is_better,
)
from ..evaluation.statistics import Interval
from ..files import write_text
from .canvas import for_a_phone
from .compare_picture import compare_picture
from .html import as_svg, document, drawing, folded, heading, paragraph, table

FILE = "leaderboard.html"
INTERVAL = "test_f2_interval"
COLUMNS = (
    ("val F2", "val_f2"), ("test F2", "test_f2"), ("95 %", INTERVAL), ("all-fake F2", "test_f2_all_fake"),
    ("false alarms", "test_false_alarm_rate"), ("recall", "test_recall"), ("val AP", "val_average_precision"),
)  # fmt: skip
NAMES = {
    "f2": "F2", "recall": "recall", "false_alarm_rate": "false alarms", "balanced_accuracy": "balanced accuracy",
    "auc": "AUC", "eer": "EER", "average_precision": "average precision",
}  # fmt: skip


def write_compare_page(board: Board, comparison: Comparison, folder: Path) -> Path:
    """Write `leaderboard.html` into `folder`, and return its path."""
    sections = [paragraph(words, "alarm") for words in different_clips(board)]
    letters = sorted({entry.clips for entry in board.entries})
    for letter in letters:
        entries = [entry for entry in board.entries if entry.clips == letter]
        sections += _of_letter(entries, comparison, f" (clips {letter})" if len(letters) > 1 else "", letter)
    sections += [paragraph(words, "caution") for words in of_intervals(board, comparison)]
    if board.cautions:
        sections += [heading("Before you believe the order"), *(paragraph(words) for words in board.cautions)]
    sections += [_all_differences(comparison.differences), _runs(board, folder)]
    write_text(folder / FILE, document(f"Leaderboard: {folder.resolve().name}", sections))
    return folder / FILE


def _of_letter(entries: list[Entry], comparison: Comparison, which: str, letter: str) -> list[str]:
    title = f"Ranked by validation{which}"
    best = [entry for entry in entries if entry.rank == entries[0].rank]
    first = _verdict(best, _f2_interval(best[0], comparison))
    sections = [heading(title), paragraph(first, "verdict"), _entries(entries, comparison)]
    pairs = [each for each in comparison.differences if each.clips == letter]
    sections.append(_drawing(entries[: SHOWN + 1], pairs, f"leaderboard-{letter}"))
    if pairs:
        sections.append(heading(f"Which is better on test{which}"))
        sections += [paragraph(words) for words in who_is_better(pairs)]
    return sections


def _verdict(best: list[Entry], interval: Interval) -> str:
    first, seeds = best[0], f" over {best[0].n_seeds} seeds" if best[0].n_seeds > 1 else ""
    f2 = f"F2 {spread_in_words(first.spread('val_f2'))} on validation"
    if len(best) > 1:
        names = ", ".join(quoted(entry.name) for entry in best)
        return f"{names} share the first rank: {f2}, and the same average precision."
    verdict = f"{quoted(first.name)} ranks first: {f2}{seeds}."
    test, all_fake = first.spread("test_f2"), first.spread("test_f2_all_fake")
    if test is None or all_fake is None:
        return verdict
    over = f", 95 % interval over voices {interval_in_words(interval)}" if interval else ""
    return (
        f"{verdict} On test it comes to {spread_in_words(test)}{over}; calling everything fake gives "
        f"{all_fake.mean:.3f}."
    )


def _f2_interval(entry: Entry, comparison: Comparison) -> Interval:
    """That of the mean over seeds; a single run knows its own."""
    return entry.results[0].f2_interval if len(entry.results) == 1 else comparison.f2.get(entry.name)


def _drawing(entries: list[Entry], pairs: list[Difference], name: str) -> str:
    """Twice, of which the page shows the one that fits."""
    wide = as_svg(compare_picture(entries, pairs), name)
    narrow = as_svg(for_a_phone(compare_picture(entries, pairs)), f"{name}-phone")
    says = (
        f"F2 on validation and test of {len(entries)} entries, and by how much the first leads the others on test; "
        "the tables on this page hold the same figures"
    )
    return drawing(f'<div class="desk">{wide}</div><div class="phone">{narrow}</div>', says)


def _entries(entries: list[Entry], comparison: Comparison) -> str:
    """Means with their deviations; how far single seeds go stands with the runs."""
    header = ["", "seeds", *(name for name, _ in COLUMNS)]
    rows = []
    for entry in entries:
        figures = {key: spread_in_words(entry.spread(key)).partition(" (")[0] for _, key in COLUMNS}
        figures[INTERVAL] = interval_in_words(_f2_interval(entry, comparison)) or "-"
        rows.append([f"{entry.rank}. {entry.name}", str(entry.n_seeds), *figures.values()])
    several = any(entry.n_seeds > 1 for entry in entries)
    how = "; mean ± standard deviation over seeds" if several else ""
    return table(header, rows, f"By F2, then average precision on validation{how}")


def _all_differences(differences: list[Difference]) -> str:
    if not differences:
        return ""
    rows = [
        [f"{each.a} minus {each.b}", *(_cell(*each.figures[name]) for name in FIGURES)]
        for each in differences
    ]
    return folded("All differences on test", table(["", *(NAMES[name] for name in FIGURES)], rows))


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "-"
    return f"{value:+.3f}" + (f" [{interval[0]:+.3f}, {interval[1]:+.3f}]" if interval else "")


def _runs(board: Board, folder: Path) -> str:
    """Every run under its entry, with a link to its report where it has one."""
    rows = []
    for entry in board.entries:
        for result in entry.results:
            figures = [
                decimals(result.figures.get(key)) for key in ("val_f2", "test_f2", "test_false_alarm_rate")
            ]
            seed = "-" if result.seed is None else str(result.seed)
            interval = interval_in_words(result.f2_interval)
            cells = [seed, figures[0], f"{figures[1]} {interval}".rstrip(), figures[2], entry.name]
            rows.append([board.names[result.run.path], *cells])
    rows += [[board.names[each.run.path], "-", "-", "-", "-", each.status] for each in board.failed]
    links = "".join(
        f'<li><a href="{escape(quote(os.path.relpath(result.run.page, folder)))}">'
        f"{escape(board.names[result.run.path])}</a></li>"
        for entry in board.entries
        for result in entry.results
        if result.run.page.is_file()
    )
    header = ["", "seed", "val F2", "test F2", "false alarms", "entry"]
    reports = f"<p>Their reports:</p><ul>{links}</ul>" if links else ""
    return folded("Every run", table(header, rows) + reports)
