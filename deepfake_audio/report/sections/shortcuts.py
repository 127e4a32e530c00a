"""What can be told without hearing the voice, and the detector beside it."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from ...evaluation.probe_words import WORDS, auc_in_words
from ..dots import Dot, Panel, dot_plot
from ..html import folded, heading, paragraph, picture, table

CHANCE = ("chance", 0.5)
Told = dict[str, Any]


def shortcut_picture(verdict: Told | None, corpus: Told | None) -> Figure | None:
    """The AUC of each probe: on test beside the detector's, or over the corpus where there is no detector."""
    if verdict and verdict.get("probes"):
        chosen = verdict["best"]["name"]
        dots = [_dot(each, each["name"] == chosen) for each in verdict["probes"]]
        detector = verdict["detector"]
        reference = ("the detector", detector["auc"], (detector["low"], detector["high"]))
        panel = Panel("area under the ROC on test", dots, reference, CHANCE)
        return dot_plot([panel], "a probe", "the best on validation")
    if corpus and corpus.get("probes"):
        dots = [_dot(each) for each in corpus["probes"]] + [_dot(corpus["all"], True)]
        panel = Panel("area under the ROC, cross-validated", dots, ("", None, None), CHANCE)
        return dot_plot([panel], "a probe", "all together")
    return None


def shortcut_section(verdict: Told | None, corpus: Told | None, svg: str) -> str:
    """The picture, sentences and the table; the run's own verdict stands at the top of the page.

    Args:
        verdict: of a run, its detector beside the probes on test.
        corpus: the audit's probes, over all clips.
        svg: the picture; empty if there is none.
    """
    if not (verdict or corpus):
        return ""
    sentences = [paragraph(corpus["words"])] if corpus else []
    if verdict and verdict.get("best"):
        sentences.append(paragraph(_f2(verdict["best"])))
    note = (
        "A probe is a small model that sees one number of each clip, or one fact about its file, and never the "
        "sound of the voice. Well below .5 it ranks these clips the wrong way round: what it learned from others "
        "is turned about here, which is no proof that there is nothing to cheat with. In brackets: 95 % interval, "
        "drawn over voices."
    )
    drawn = picture(svg, "Shortcuts", _says(verdict, corpus)) if svg else heading("Shortcuts")
    rows = _rows(verdict or {}, corpus or {})
    numbers = folded("Every probe in numbers", _table(rows)) if rows else ""
    return drawn + (paragraph(note, "note") if svg else "") + "".join(sentences) + numbers


def _says(verdict: Told | None, corpus: Told | None) -> str:
    """What the picture shows, for whoever does not see it."""
    probes = (verdict or {}).get("probes") or (corpus or {}).get("probes") or []
    shown = [f"{_short(each['name'])} {each['auc']:.3f}" for each in probes]
    if verdict and verdict.get("detector"):
        shown.insert(0, f"the detector {verdict['detector']['auc']:.3f}")
    return f"Area under the ROC: {'; '.join(shown)}"


def _dot(probe: Told, stands_out: bool = False) -> Dot:
    return Dot(_short(probe["name"]), probe["auc"], (probe["low"], probe["high"]), stands_out)


def _short(name: str) -> str:
    return WORDS.get(name, name).removeprefix("the ").replace(" of the source file", " of the source")


def _f2(best: Told) -> str:
    spread = f" [{best['f2_interval'][0]:.3f}, {best['f2_interval'][1]:.3f}]" if best["f2_interval"] else ""
    return (
        f"The probe that validation chose has an F2 of {best['f2']:.3f}{spread} on test, at a threshold of its own "
        f"that validation chose too; calling everything fake gives {best['f2_all_fake']:.3f}."
    )


def _rows(verdict: Told, corpus: Told) -> list[dict[str, str]]:
    """A row a probe: over the corpus, on validation and on test, as far as each is known."""
    everywhere = [*corpus.get("probes", []), *([corpus["all"]] if corpus.get("all") else [])]
    over_corpus = {each["name"]: each for each in everywhere}
    on_test = {each["name"]: each for each in verdict.get("probes", [])}
    rows = []
    for name in dict.fromkeys([*on_test, *over_corpus]):
        row = {"probe": _short(name)}
        if name in over_corpus:
            row["over all clips"] = over_corpus[name].get("note") or auc_in_words(over_corpus[name])
        if name in on_test:
            row |= {"validation": f"{on_test[name]['val_auc']:.3f}", "test": auc_in_words(on_test[name])}
        rows.append(row)
    return rows


def _table(rows: list[dict[str, str]]) -> str:
    header = [
        name for name in ("probe", "over all clips", "validation", "test") if any(name in r for r in rows)
    ]
    caption = "Area under the ROC; over all clips it is cross-validated, no voice in two folds"
    return table(header, [[row.get(name, "") for name in header] for row in rows], caption)
