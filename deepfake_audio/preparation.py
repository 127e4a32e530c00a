"""The clips that a training config asks for: extracted if need be, split, and audited before anything is learnt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import split_settings, tables_in
from .errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .auditing import Audit
    from .runs import RunFolder


def split_clips_of(
    config: DictConfig, as_in: RunFolder | None = None
) -> tuple[pd.DataFrame, Path, dict[str, Any]]:
    """The clip table (or several as one) with its `split` column, its folder, and what the split is and leaks.

    Args:
        as_in: a run, whose very split is taken.
    """
    from .extract import check_same_corpus
    from .joined import read_corpora, table_paths
    from .repeating import split_as_in
    from .splitting import describe_split, split_clips

    settings = split_settings(config)
    tables = table_paths(tables_in(config))
    for table in tables:
        if not table.is_file():
            _extract(config, table, alone=len(tables) == 1)
        elif table == own_table(config):
            # It must have been made with the settings that are asked for now.
            check_same_corpus(config, table.parent)
    whole, root = read_corpora(tables, config.same_voices)
    if as_in is not None:
        clips = split_as_in(whole, as_in)
        return clips, root, describe_split(clips, settings, of=len(whole))
    # With `warn` it is for the audit to tell what stands on two sides.
    clips = split_clips(whole, **settings, kept_apart=config.audit.on_leak != "warn")
    return clips, root, describe_split(clips, settings, of=len(whole))


def own_table(config: DictConfig) -> Path:
    """Where the table of the corpus that a config names is, unless it says otherwise."""
    from .extract import CLIPS

    return Path("data") / config.corpus.name / CLIPS


def _extract(config: DictConfig, table: Path, alone: bool) -> None:
    """Extraction writes a table of this name: where the media are known, it is the first step of the run."""
    from omegaconf import OmegaConf

    from .extract import CLIPS, extract_from_config
    from .files import alone_in

    if not (alone and config.corpus.get("root") and table.name == CLIPS):
        corpus = config.corpus.name if alone else "NAME"
        raise UserError(
            f"{table} is missing: run `python -m deepfake_audio.extract corpus={corpus} corpus.root=DIR "
            f"out={table.parent}` first, or say where it is with clips=FILE"
        )
    # Runs that begin together: the first extracts, the others wait for it and find the table.
    with alone_in(table.resolve().parent.parent, "extraction", wait=True):
        if not table.is_file():
            # Only these: `overwrite` of a training run is about the run, not about wavs.
            extract_from_config(OmegaConf.masked_copy(config, ["corpus", "features"]), table.parent)


def audited(
    config: DictConfig,
    clips: pd.DataFrame,
    root: Path,
    on_leak: str,
    forbid: list[str] | None,
    shortcuts: bool,
) -> Audit:
    """What the audit of the split finds, or an error if that is forbidden."""
    from .auditing import audit_clips, findings
    from .joined import folders_of, table_paths
    from .splitting import broken_promise

    settings = split_settings(config)
    audit = audit_clips(
        clips,
        root,
        forbid or [],
        shortcuts=shortcuts,
        folders=folders_of(table_paths(tables_in(config))),
        broken=broken_promise(clips, settings["policy"], settings.get("column")),
    )
    if not audit.told["passed"]:
        found = f"the audit found what would flatter every figure: {findings(audit.told)}"
        if on_leak == "error":
            raise UserError(
                f"{found}; mend the split (`python -m deepfake_audio.audit` shows examples), or say "
                "audit.on_leak=warn to go on, and the report will say so"
            )
        print(f"warning: {found}", file=sys.stderr)
    return audit


def corpus_named_in(clips: pd.DataFrame) -> str:
    """As the table itself says: `clips=FILE` may be of any corpus, whatever `corpus=` is."""
    return ", ".join(sorted(set(clips["corpus"].astype(str)))) if "corpus" in clips else "unnamed"
