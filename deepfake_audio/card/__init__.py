"""The card that travels with a detector: what it is, what was measured, what it cannot tell.

Everything in it comes from the run's own files, so it claims nothing that was not measured.
"""

from __future__ import annotations

from typing import Any

from ..files import read_json, write_text
from ..runs import RunFolder
from . import figures, limits, making
from .front_matter import front_matter

# Where a card that was not published yet says the detector is; publishing puts its name there.
PLACE = "path/to/detector"

USE = f"""\
## How to use it

```python
from deepfake_audio.sharing import from_pretrained

verdict = from_pretrained("{PLACE}").predict("recording.mp4")
print(verdict.verdict, verdict.p_fake, verdict.warnings)
```

```sh
deepfake-audio predict recording.mp4 --detector {PLACE}
```
"""


def write_card(run: RunFolder) -> None:
    """Write `detector/README.md` anew from the run's own figures, so that it never lags behind the threshold."""
    changed = read_json(run.counterfactuals) if run.counterfactuals.is_file() else None
    text = card(read_json(run.detector_config), read_json(run.metrics), changed, making.recipe(run))
    write_text(run.detector / "README.md", text)


def card(
    config: dict[str, Any],
    metrics: dict[str, Any],
    changed: dict[str, Any] | None = None,
    recipe: str | None = None,
) -> str:
    """The card as Markdown, behind the metadata that the Hugging Face Hub reads.

    Args:
        config: of the detector; with `license`, `language` and `name` in it the card says them.
        metrics: the content of `metrics.json`.
        changed: the content of `counterfactuals.json`, where `stress` was run.
        recipe: the command that trained it.
    """
    threshold, test = config["threshold"], metrics.get("test", {})
    lines = [
        f"# Deepfake-speech detector ({config['network']['name']})",
        "",
        "Says for a recording how likely its voice is synthetic: P(fake), from 0 to 1. It calls fake whatever",
        f"reaches the threshold {threshold['threshold']:.6g}, chosen on validation: {threshold['how']}.",
        *limits.of_a_toy(config),
        "",
        USE,
        *figures.measured(config, metrics),
        *figures.meaning(config, test),
        *figures.systems(test),
        *figures.groups(test),
        *figures.changes(changed, threshold),
        *making.trained(config, recipe),
        *limits.limits(config, metrics),
        *limits.not_measured(config, metrics, changed),
        *making.versions(config),
    ]
    return f"{front_matter(config, metrics)}\n" + "\n".join(lines).rstrip() + "\n"
