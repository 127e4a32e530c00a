"""An answer as the page shows it. Whatever a stranger or a file has a hand in is escaped here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..verdict import CANT_TELL, Segment, Verdict, WindowScore
from .timeline import timeline
from .words import Told, told

KINDS = {"fake": "fake", "real": "real", CANT_TELL: "open"}
DELETED = "The recording has been deleted from the server. This page alone still holds it."


def result(answer: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Verdict, time line, evidence and the JSON to take along, as HTML."""
    verdict = as_verdict(answer["verdict"])
    words, sights = told(verdict, config), answer["sights"]
    return (
        f'<section class="verdict {KINDS[verdict.verdict]}" aria-live="polite"><p class="name">{escape(verdict.file)}'
        f'</p><p class="headline">{escape(words.headline)}</p><p class="quote">{escape(words.quote)}</p>'
        f"{_listed(words.reasons)}</section>"
        f"<section>{timeline(verdict, sights['sound'])}</section>"
        f"<section>{_certainty(words)}</section>"
        f"<section><h3>What it rests on</h3><figure>{sights['picture']}</figure>"
        f"{''.join(f'<p class=note>{escape(line)}</p>' for line in sights['words'])}</section>"
        f'<p class="take">{_download(answer["verdict"], words)} {DELETED}</p>'
    )


def refused(words: str) -> str:
    """Why there is no verdict."""
    quote = f'<p class="quote">No verdict: {escape(words)}.</p>'
    return f'<section class="verdict open" aria-live="polite">{quote}</section>'


def as_verdict(content: Mapping[str, Any]) -> Verdict:
    """What `Verdict.to_dict` gave, as a verdict again."""
    values = {key: content[key] for key in Verdict.__dataclass_fields__}
    values["windows"] = tuple(WindowScore(**each) for each in content["windows"])
    values["segments"] = tuple(Segment(**each) for each in content["segments"])
    values["warnings"], values["doubts"] = tuple(content["warnings"]), tuple(content["doubts"])
    return Verdict(**values)


def _certainty(words: Told) -> str:
    return (
        f"<h3>How sure is that?</h3>{_listed((*words.cautions, *words.certainty))}"
        f"<h3>What it does not mean</h3>{_listed(words.means_not)}"
    )


def _listed(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _download(verdict: Mapping[str, Any], words: Told) -> str:
    """A link that holds the file itself, so that nothing stays on the server for it."""
    content = json.dumps({**verdict, "words": words.lines}, indent=2, ensure_ascii=False)
    data = base64.b64encode(content.encode()).decode("ascii")
    address = f"data:application/json;base64,{data}"
    return f'<a class="download" download="verdict.json" href="{address}">Download as JSON</a>'
