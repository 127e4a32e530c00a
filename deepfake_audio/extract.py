"""Videos to wavs and clips.csv: `python -m deepfake_audio.extract corpus=fakeavceleb corpus.root=DIR out=DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import verb
from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .corpora import Corpus

CLIPS, FAILURES = "clips.csv", "failures.csv"


@verb("extract")
def main(config: DictConfig) -> None:
    """Index the corpus, decode what isn't there yet, and say what came of it."""
    if config.dry_run:
        index_from_config(config, Path(config.out))
    else:
        extract_from_config(config, Path(config.out))


def extract_from_config(config: DictConfig, out: Path) -> None:
    """Write the wavs, `clips.csv` and `failures.csv` of a config's corpus into `out`.

    Any config with a `corpus` will do; the settings of `extract.yaml` that it lacks are as they are there.
    """
    from omegaconf import OmegaConf

    from .clips import write_clips
    from .extraction import extract_corpus, unlisted_videos
    from .files import replacing

    def setting(key: str, default: Any) -> Any:
        return OmegaConf.select(config, key, default=default)

    max_failures = setting("max_failures", 0.05)
    if not isinstance(max_failures, int | float) or not 0 <= max_failures <= 1:
        raise UserError(f"max_failures={max_failures} is a share of the videos: give 0 to 1")
    corpus = _corpus(config)
    corpus.prepare()
    clips = corpus.index()
    videos = _media_folder(corpus, clips)
    done, failures = extract_corpus(
        clips,
        videos,
        out,
        sample_rate=setting("sample_rate", OmegaConf.select(config, "features.sample_rate", default=16_000)),
        jobs=setting("jobs", None),
        overwrite=setting("overwrite", False),
        progress=setting("progress", True),
    )
    write_clips(done.drop(columns="already_there"), out / CLIPS)
    with replacing(out / FAILURES) as part:
        failures.to_csv(part, index=False, lineterminator="\n")
    doubles, strangers = unlisted_videos(clips, videos)
    if doubles or strangers:
        print(
            f"on disk but not in the metadata: {strangers} videos, and {doubles} `._` entries of macOS (no videos)"
        )
    _tell(done, failures, out)
    if done.empty or len(failures) > max_failures * len(clips):
        raise UserError(
            f"{len(failures)} of {len(clips)} videos failed, more than max_failures={max_failures} allows: see "
            f"{out / FAILURES}"
        )


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
    if "category" in clips:
        for category, count in clips["category"].value_counts().sort_index().items():
            print(f"  {category}: {count}")
    if "method" in clips and (several := int(clips["method"].str.contains("|", regex=False).sum())):
        print(f"{several} files stand in the metadata twice, under two methods: one clip each")
    print(f"dry run, no audio yet: {out / CLIPS}")


def _corpus(config: DictConfig) -> Corpus:
    from hydra.utils import instantiate

    corpus: Corpus = instantiate(config.corpus)
    return corpus


def _media_folder(corpus: Corpus, clips: pd.DataFrame) -> Path:
    """The root of the corpus, once it is clear that any of its media are there at all."""
    if corpus.root is None:
        raise UserError(
            "extraction needs the videos: give corpus.root=DIR (or dry_run=true for the index alone)"
        )
    root = Path(corpus.root)
    if not any((root / media).is_file() for media in clips["media"]):
        raise UserError(
            f"{root} holds none of the {len(clips)} videos of the metadata, such as {clips['media'].iloc[0]}: "
            "correct corpus.root"
        )
    return root


def _tell(done: pd.DataFrame, failures: pd.DataFrame, out: Path) -> None:
    """What came of it, in a few lines."""
    there = int(done["already_there"].sum())
    print(f"{len(done) - there} extracted, {there} already there, {len(failures)} failed")
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
