"""All verbs under one name: `deepfake-audio VERB ...`, which is `python -m deepfake_audio.VERB ...`."""

from __future__ import annotations

import runpy
import sys
from difflib import get_close_matches

from . import __version__
from .configs import BAD_USE, command_line_errors

COMMAND = "deepfake-audio"
# In the order in which one comes to need them.
VERBS = {
    "predict": "say of recordings how likely their voices are fake",
    "explain": "show which part of a recording a verdict rests on",
    "app": "a page and an API that answer for dropped files",
    "extract": "videos of a corpus to wavs and a table of clips",
    "merge": "make one of the shards of extract, audit or score",
    "split": "deal clips out to training, validation and test, by voice",
    "audit": "say what would flatter a detector on these clips and this split",
    "forge": "make fakes out of real speech",
    "train": "train a detector, test it, and write its report",
    "tune": "choose a run's threshold anew",
    "score": "scores of all clips of a table, for evaluate",
    "evaluate": "judge anybody's score file",
    "stress": "change a run's clips in ways that leave the voice alone",
    "compare": "rank runs",
    "record": "write finished runs to TensorBoard and MLflow",
    "export": "make ONNX or TorchScript of a detector, or a page that runs it",
    "share": "publish a detector to the Hugging Face Hub or into a folder",
}


def main() -> None:
    """Run the verb that the command line names, as `python -m` would."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in VERBS:
        # As `python -m`, and not by a call: Hydra and the processes of a distributed run look up what was started.
        sys.argv = sys.argv[1:]
        runpy.run_module(f"{__package__}.{asked}", run_name="__main__", alter_sys=True)
    elif asked in ("-h", "--help"):
        with command_line_errors():
            print(help_text(), flush=True)
    elif asked == "--version":
        print(f"{COMMAND} {__version__}")
    else:
        print(_unknown(asked), file=sys.stderr)
        sys.exit(BAD_USE)


def help_text() -> str:
    """The verbs, a line each."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:{width}}  {what}" for verb, what in VERBS.items()]
    return "\n".join(
        [
            f"usage: {COMMAND} VERB ...",
            "",
            "From a folder of videos to a verdict that can be defended.",
            "",
            *lines,
            "",
            f"`{COMMAND} VERB --help` says what each takes.",
        ]
    )


def _unknown(asked: str) -> str:
    if not asked:
        return help_text()
    near = get_close_matches(asked, VERBS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(VERBS)}"
    return f"error: {COMMAND} has no verb {asked!r}; {hint}"


if __name__ == "__main__":
    main()
