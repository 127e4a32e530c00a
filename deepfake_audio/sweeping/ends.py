"""What the end of a job means for its trial, and what is said of it."""

from __future__ import annotations

import math
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobStatus

from ..errors import UserError, one_line

if TYPE_CHECKING:
    from optuna.trial import Trial

    from .study import Study

# So many failures before the first success mean that it is not the values that are at fault.
HOPELESS = 3


def tell_end(study: Study, trial: Trial, ended: JobReturn) -> None:
    """What a job's end means for its trial."""
    from ..runs import RunFolder
    from .objective import choices_by_epoch
    from .pruning import PrunedError

    # `return_value` would print and raise.
    value = ended._return_value
    by_epoch: dict[int, float] = {}
    if ended.hydra_cfg is not None:
        by_epoch = choices_by_epoch(RunFolder(Path(ended.hydra_cfg.hydra.runtime.output_dir)).history)
    if isinstance(value, PrunedError):
        study.tell_pruned(trial, str(value), by_epoch)
        print(f"trial {trial.number}: {value}", flush=True)
    elif ended.status != JobStatus.COMPLETED:
        _keep_trace(value, ended)
        tell_failed(study, trial, reason_of(value))
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        tell_failed(study, trial, f"it returned {value!r}, and a search needs a number")
    else:
        study.tell(trial, float(value), by_epoch)
        best = study.best
        assert best is not None
        drawn = " ".join(study.space.drawn(trial.params))
        mark = "the best so far" if best.number == trial.number else f"best: trial {best.number}"
        print(f"trial {trial.number}: {value:.4f} ({mark})  {drawn}", flush=True)


def _keep_trace(error: Any, ended: JobReturn) -> None:
    """What is no fault of the user's can be looked into, in the run's folder."""
    if (
        isinstance(error, UserError)
        or ended.hydra_cfg is None
        or getattr(error, "__traceback__", None) is None
    ):
        return
    from ..files import write_text

    told = "".join(traceback.format_exception(error))
    write_text(Path(ended.hydra_cfg.hydra.runtime.output_dir) / "error.txt", told)


def tell_failed(study: Study, trial: Trial, why: str) -> None:
    """A trial that came to nothing."""
    study.tell_failed(trial, why)
    drawn = " ".join(study.space.drawn(trial.params))
    print(f"trial {trial.number} failed: {why}  {drawn}", flush=True)


def give_up_if_hopeless(study: Study) -> None:
    """Raise if nothing but failures has come so far."""
    trials = [each for each in study.trials if each.state.is_finished() and each.number not in study.killed]
    if len(trials) >= HOPELESS and all(each.state.name == "FAIL" for each in trials):
        why = trials[-1].user_attrs.get("why")
        raise UserError(f"the first {len(trials)} trials all failed, so the search ends; the last one: {why}")


def reason_of(error: Any) -> str:
    """An error on one line; of one that is not the user's its kind and its first sentence."""
    if isinstance(error, UserError) or not isinstance(error, BaseException):
        return one_line(error) if isinstance(error, BaseException) else repr(error)
    return f"{type(error).__name__}: {one_line(error).split('. ')[0]}".rstrip(": ")
