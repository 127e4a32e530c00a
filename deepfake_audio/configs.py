"""What the verbs share: where the configs are, and errors of one line."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError, one_line
from .stopping import Stopped, stoppable

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Exit status of every verb for what the user can put right; a crash of ours exits with 1 and a traceback.
BAD_USE = 2
# What stands in the way of writing is the user's to clear away.
NO_PLACE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR
)  # fmt: skip
# Asked with nothing else, help is the same whatever Hydra would make of it.
HELP = (["--help"], ["-h"])
# What makes a sweep of a command, also where it is cut short.
MANY_RUNS = ("-m", "--mu", "hydra.mode")
WAY_OUT = "give another folder, or make room or get leave to write there"


def resource_folder(name: str) -> Path:
    """`conf` or `splits`: inside the package when installed from a wheel, beside it in a checkout."""
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else Path(__file__).parents[1] / name


@contextmanager
def command_line_errors() -> Iterator[None]:
    """Turn a `UserError` into one line on stderr and exit status 2."""
    try:
        yield
        # Into a file on a full disk: told here, and not after the last word, where nobody would hear of it.
        sys.stdout.flush()
    except UserError as error:
        sys.exit(_report(one_line(error)))
    except KeyboardInterrupt as stop:
        print(f"\n{stop if isinstance(stop, Stopped) else 'stopped'}", file=sys.stderr)
        sys.exit(stop.status if isinstance(stop, Stopped) else 130)
    except BrokenPipeError:
        # Whoever read the output has seen enough (`| head`); what is still to be flushed goes nowhere.
        _drop_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in NO_PLACE:
            raise
        _drop_output()
        sys.exit(
            _report(f"{error.filename or 'a file'} can't be written or read ({error.strerror}); {WAY_OUT}")
        )


def verb(config_name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Make a function of a config a command: Hydra's overrides, help, multirun and `--config-dir`, our errors."""

    def decorate(task: Callable[[DictConfig], Any]) -> Callable[[], None]:
        @functools.wraps(task)
        def run() -> None:
            if sys.argv[1:] in HELP:
                from .verb_help import help_text

                doc = (sys.modules[task.__module__].__doc__ or "").strip()
                with command_line_errors():
                    print(help_text(resource_folder("conf"), config_name, doc), flush=True)
                return
            import hydra

            if any(word.startswith(MANY_RUNS) for word in sys.argv[1:]):
                from .sweeping.sweeper import offer_to_hydra

                offer_to_hydra()
            # Hydra prints several lines and hides the cause; with this it raises, and the line is ours to write.
            wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
            os.environ["HYDRA_FULL_ERROR"] = "1"
            main = hydra.main(
                config_path=str(resource_folder("conf")), config_name=config_name, version_base="1.3"
            )
            with command_line_errors(), stoppable():
                try:
                    main(_stops_at_user_error(task))()
                except Exception as error:
                    if wants_traceback or not _is_config_error(error):
                        raise
                    raise UserError(_config_hint(error, config_name)) from None

        return run

    return decorate


# What `deepfake_audio.splitting.split_clips` takes.
SPLIT_SETTINGS = (
    "policy", "seed", "fractions", "file", "missing", "column", "test", "val", "folds", "fold", "unseen",
)  # fmt: skip


def split_settings(config: DictConfig) -> dict[str, Any]:
    """How a config wants its clips split: from its group `split`, or from the config itself where it has none."""
    from omegaconf import OmegaConf

    told = config.split if "split" in config else OmegaConf.masked_copy(config, list(SPLIT_SETTINGS))
    if OmegaConf.is_missing(told, "file"):
        raise UserError(
            "split=file needs a file: add split.file=splits/NAME.csv, as `python -m deepfake_audio.split` writes it"
        )
    settings: dict[str, Any] = OmegaConf.to_container(told, resolve=True)  # type: ignore[assignment]
    return settings if settings["policy"] is not None else {**settings, **_promised(settings)}


def _promised(settings: dict[str, Any]) -> dict[str, Any]:
    """The policy of a split file, as its head tells it."""
    from .splitting import read_split

    if not settings.get("file"):
        raise UserError("policy=null is for a split's file: give the policy, or the file")
    about = read_split(settings["file"]).about
    policy = about.get("policy", "voice")
    held_out = about.get("held out", "").partition(" ")[0]
    return {"policy": policy, "column": settings["column"] or (held_out if policy == "group" else None)}


def tables_in(config: DictConfig) -> str | list[str]:
    """The clip table that a config names, or several."""
    from omegaconf import ListConfig

    clips = config.clips
    return [str(table) for table in clips] if isinstance(clips, ListConfig) else str(clips)


def _stops_at_user_error(task: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """In a single run leave at once, before Hydra adds its own words; in a sweep let the other jobs go on."""

    @functools.wraps(task)
    def guarded(config: DictConfig) -> Any:
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return task(config)
        with command_line_errors():
            return task(config)

    return guarded


def _is_config_error(error: BaseException) -> bool:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    return isinstance(error, HydraException | OmegaConfBaseException)


def _config_hint(error: BaseException, config_name: str) -> str:
    """The first telling line of a Hydra or OmegaConf error, and where to look."""
    cause = error.__cause__ if error.__cause__ is not None and _is_config_error(error.__cause__) else error
    lines = [
        line.strip()
        for text in (_on_one_line(error), str(cause))
        for line in text.splitlines()
        if line.strip()
    ]
    told = [line for line in lines[:3] if not line.startswith(("full_key", "object_type", "See https"))]
    text = " ".join(dict.fromkeys(told)) or type(error).__name__
    key = getattr(error, "full_key", None)
    if "Missing mandatory value" in text and key:
        text = f"{key} must be given: add {key}=..."
    return f"{text.rstrip('.')}. `python -m deepfake_audio.{config_name} --help` lists every key"


def _drop_output() -> None:
    """Where it can't be written what was printed goes nowhere; else the interpreter fails at it again when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _on_one_line(error: BaseException) -> str:
    """What an error says, with the choices that Hydra puts below each other in a row."""
    head, found, choices = str(error).partition("Available options in")
    if not found:
        return head
    group, _, below = choices.partition(":\n")
    names = [line.strip() for line in below.partition("Config search path")[0].splitlines() if line.strip()]
    return f"{head}{found}{group}: {', '.join(names)}"


def _report(line: str) -> int:
    print(f"error: {line}", file=sys.stderr)
    return BAD_USE
