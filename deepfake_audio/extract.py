"""A corpus to wavs and clips.csv: `python -m deepfake_audio.extract corpus=fakeavceleb corpus.root=DIR out=DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import verb
from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .corpora import Corpus

CLIPS_STEM, FAILURES_STEM = "clips", "failures"
CLIPS, FAILURES = f"{CLIPS_STEM}.csv", f"{FAILURES_STEM}.csv"
# What the shards of an extraction are called.
KIND = CLIPS_STEM
# Which corpus the wavs of a folder are of: another one's would be taken for finished.
CORPUS = "corpus.json"
# Of how a corpus is made, not of what is in it.
MANNER = ("jobs", "progress")
# How the work is done; what comes of it is the same.
MANNER_OF_WORK = {"jobs": None, "progress": True, "backend": "pyav", "most_seconds": 300}
# Of a corpus' files; more is no accident.
MOST_FAILURES = 0.05


@verb("extract")
def main(config: DictConfig) -> None:
    """Index the corpus, decode what isn't there yet, and say what came of it."""
    if config.dry_run and config.shard is not None:
        raise UserError("dry_run=true writes the index of the whole corpus: leave shard and shards out")
    if config.dry_run:
        index_from_config(config, Path(config.out))
    else:
        extract_from_config(config, Path(config.out))


def extract_from_config(config: DictConfig, out: Path) -> None:
    """Write the wavs, `clips.csv` and `failures.csv` of a config's corpus into `out`; of a shard, its share of them.

    Any config with a `corpus` will do; the settings of `extract.yaml` that it lacks are as they are there.
    """
    from omegaconf import OmegaConf

    from .extraction import extract_corpus
    from .sharding import asked_shard, forget_part, write_part

    def setting(key: str, default: Any) -> Any:
        return OmegaConf.select(config, key, default=default)

    most_failures = checked_share(setting("max_failures", MOST_FAILURES))
    shard = asked_shard(setting("shard", None), setting("shards", None))
    overwrite = setting("overwrite", False)
    if not overwrite:
        check_same_corpus(config, out)
    corpus = _corpus(config)
    corpus.prepare()
    clips = corpus.index()
    root = _media_folder(corpus, clips)
    made = {
        "sample_rate": setting(
            "sample_rate", OmegaConf.select(config, "features.sample_rate", default=16_000)
        ),
        "link": setting("link", False),
    }
    manner = {key: setting(key, default) for key, default in MANNER_OF_WORK.items()}
    if shard is not None:
        forget_part(out, KIND, shard)
    done, failures = extract_corpus(clips, root, out, **made, **manner, overwrite=overwrite, shard=shard)
    there = int(done.pop("already_there").sum())
    print(f"{len(done) - there} extracted, {there} already there, {len(failures)} failed")
    identity = _identity(config)
    if shard is None:
        finish(corpus, identity, clips["media"], done, failures, out, most_failures)
        return
    made = {"step": "extract", "corpus": identity, **made}
    part = write_part(
        out, KIND, shard, list(clips["clip"]), made, {CLIPS_STEM: done, FAILURES_STEM: failures}
    )
    print(f"shard {shard}: {part}; once all are there: python -m deepfake_audio.merge {out}")


def finish(
    corpus: Corpus,
    identity: dict[str, Any],
    media: pd.Series,
    done: pd.DataFrame,
    failures: pd.DataFrame,
    out: Path,
    most_failures: float,
) -> None:
    """Write the tables of a whole extraction, say what came of it, and raise if too much of it failed.

    Args:
        identity: the settings of the corpus, see `check_same_corpus`.
        media: of every clip that the corpus has.
    """
    from .clips import write_clips
    from .files import write_json
    from .spreadsheets import write_table

    write_json(out / CORPUS, identity)
    settled, told = corpus.settle(done, out)
    write_clips(settled, out / CLIPS)
    write_table(failures, out / FAILURES)
    assert corpus.root is not None, "there were media"
    _tell(done, failures, out, [*_strangers(media, Path(corpus.root)), *told, *_nameless(settled)])
    if done.empty or len(failures) > most_failures * len(media):
        raise UserError(
            f"{len(failures)} of {len(media)} files failed, more than max_failures={most_failures} allows: see "
            f"{out / FAILURES}"
        )


def checked_share(most_failures: Any) -> float:
    """`max_failures`, if it is a share."""
    if not isinstance(most_failures, int | float) or not 0 <= most_failures <= 1:
        raise UserError(f"max_failures={most_failures} is a share of the files: give 0 to 1")
    return most_failures


def check_same_corpus(config: DictConfig, out: Path) -> None:
    """Raise if `out` holds the wavs of another corpus, or of this one with other settings.

    A setting that is not given (a root, where only the wavs are needed) is not compared.
    """
    check_same_identity(_identity(config), out)


def check_same_identity(asked: dict[str, Any], out: Path) -> None:
    """The same of settings as `corpus.json` holds them."""
    from .files import read_json

    if not (out / CORPUS).is_file():
        return
    there = read_json(out / CORPUS)
    other = [key for key, value in asked.items() if value is not None and there.get(key) != value]
    if other:
        told = ", ".join(f"{key}={there.get(key)} (now {asked.get(key)})" for key in other)
        raise UserError(
            f"{out} was extracted from a corpus with {told}: give another folder, or overwrite=true to extract; if "
            f"it is the same corpus in another place, delete {out / CORPUS}"
        )


def _identity(config: DictConfig) -> dict[str, Any]:
    """The settings that say which clips a corpus has."""
    from omegaconf import OmegaConf

    settings: dict[str, Any] = OmegaConf.to_container(config.corpus, resolve=True)  # type: ignore[assignment]
    if settings.get("root"):
        settings["root"] = str(Path(settings["root"]).resolve())
    return {key: value for key, value in settings.items() if key not in MANNER}


def index_from_config(config: DictConfig, out: Path) -> None:
    """Write `clips.csv` of a config's corpus from its metadata alone, and print its counts."""
    from .clips import check_clips, read_clips, write_clips

    corpus = _corpus(config)
    corpus.prepare()
    clips = check_clips(corpus.index(), "the corpus' index")
    if (out / CLIPS).is_file() and "fingerprint" in read_clips(out / CLIPS):
        raise UserError(f"{out / CLIPS} is of a finished extraction: give a dry run another out=DIR")
    write_clips(clips, out / CLIPS)
    print(f"{len(clips)} clips, {clips['voice'].nunique()} voices, {clips['label'].mean():.4f} fake")
    column = next((name for name in ("category", "own_split") if name in clips), "system")
    for value, count in clips[column].value_counts().sort_index().items():
        print(f"  {value}: {count}")
    if "method" in clips and (several := int(clips["method"].str.contains("|", regex=False).sum())):
        print(f"{several} files stand in the metadata twice, under two methods: one clip each")
    for line in _nameless(clips):
        print(line)
    print(f"dry run, no audio yet: {out / CLIPS}")


def _corpus(config: DictConfig) -> Corpus:
    from hydra.utils import instantiate

    corpus: Corpus = instantiate(config.corpus)
    return corpus


def _media_folder(corpus: Corpus, clips: pd.DataFrame) -> Path:
    """The root of the corpus, once it is clear that any of its media are there at all."""
    if corpus.root is None:
        raise UserError(
            "extraction needs the media: give corpus.root=DIR (or dry_run=true for the index alone)"
        )
    root = Path(corpus.root)
    if not any((root / media).is_file() for media in clips["media"]):
        raise UserError(
            f"{root} holds none of the {len(clips)} files of the metadata, such as {clips['media'].iloc[0]}: "
            "correct corpus.root"
        )
    return root


def _strangers(media: pd.Series, root: Path) -> list[str]:
    """What lies beside the media of the table."""
    from .extraction import unlisted_media

    doubles, others = unlisted_media(media.to_frame("media"), root)
    if not doubles and not others:
        return []
    return [
        f"on disk but not in the metadata: {others} files, and {doubles} `._` entries of macOS (no media)"
    ]


def _nameless(clips: pd.DataFrame) -> list[str]:
    """Of a corpus that doesn't say who speaks."""
    from .clips import UNKNOWN_VOICE

    unknown = int(clips["voice"].str.startswith(UNKNOWN_VOICE).sum())
    if not unknown:
        return []
    return [
        f"warning: nobody says who speaks in {unknown} of {len(clips)} clips: each counts as a voice of its own, so "
        "a split cannot keep these voices apart, and figures on them are not about unseen voices"
    ]


def _tell(done: pd.DataFrame, failures: pd.DataFrame, out: Path, more: list[str]) -> None:
    """What came of it, in a few lines."""
    for line in more:
        print(line)
    if len(failures):
        told = [
            f"{media} ({reason})" for media, reason in zip(failures["media"], failures["reason"], strict=True)
        ]
        print(f"warning: failed: {named(told, most=3)}; all of them: {out / FAILURES}")
    print(
        f"{len(done)} clips, {done['voice'].nunique()} voices, {done['label'].mean():.4f} fake: {out / CLIPS}"
    )


if __name__ == "__main__":
    main()
