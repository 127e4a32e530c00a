"""A search's memory: an Optuna study in the sweep's folder, which a second command goes on with."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..comparing.results import NO_SETTING
from ..errors import UserError
from .spaces import Space

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

FILE, NAME = "study.db", "sweep"
SAMPLERS = ("tpe", "random")
DIRECTIONS = ("maximize", "minimize")
# What the study itself remembers: what was asked of it, and which trials were cut off from outside.
ASKED, KILLED = "asked", "killed"
# What a trial remembers: why it came to nothing, whose place it takes, and that it is the config unchanged.
WHY, AGAIN, AS_IS = "why", "again_of", "as_is"
# What the first trial remembers where it is a draw: why it can't be the config unchanged.
NOT_AS_IS = "not_as_is"
# What may be said otherwise when a search is gone on with: it decides where and how fast a run is made.
NO_QUESTION = tuple(key for key in NO_SETTING if key not in ("seed", "ckpt_path"))


@dataclass(frozen=True)
class Manner:
    """How a search goes about it.

    Args:
        sampler: tpe: from the results so far; random: without looking at them.
        seed: of what is drawn. Each draw follows from it, the trial's turn and the results so far alone, so a study
            that was cut off draws what it would have drawn.
        startup_trials: so many are drawn at random before tpe has something to go by.
        direction: maximize, or minimize.
        several: whether trials run side by side, so that equal ones are kept apart.
    """

    sampler: str = "tpe"
    seed: int = 0
    startup_trials: int = 10
    direction: str = "maximize"
    several: bool = False

    def __post_init__(self) -> None:
        for name, known in (("sampler", SAMPLERS), ("direction", DIRECTIONS)):
            if getattr(self, name) not in known:
                told = getattr(self, name)
                raise UserError(f"hydra.sweeper.{name}={told} is not known: give {' or '.join(known)}")
        for name in ("seed", "startup_trials"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UserError(f"hydra.sweeper.{name}={value}: give a whole number from 0 on")

    def sampled(self, turn: int) -> BaseSampler:
        """Who draws the trial of this turn."""
        import numpy as np
        from optuna.exceptions import ExperimentalWarning
        from optuna.samplers import RandomSampler, TPESampler

        seed = int(np.random.SeedSequence([self.seed, turn]).generate_state(1)[0])
        if self.sampler == "random":
            return RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return TPESampler(seed=seed, n_startup_trials=self.startup_trials, constant_liar=self.several)


def check_optuna() -> None:
    """Raise where Optuna is not installed."""
    try:
        import optuna
    except ImportError:
        raise UserError(
            "a search needs Optuna: pip install 'deepfake-audio[sweeps]'; plain sweeps (-m key=a,b) do without"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """Trials in a folder: asked for, told of, counted.

    Args:
        folder: the sweep's. Another study there is refused.
        as_is: the values that the config has without a search, as far as the space holds them all; tried first.
        not_as_is: why there are none, for the first trial's note.
    """

    def __init__(
        self,
        folder: Path,
        space: Space,
        manner: Manner,
        as_is: Mapping[str, Any] | None = None,
        not_as_is: str = "",
    ) -> None:
        self.space, self.manner = space, manner
        self.optuna = _opened(folder / FILE, manner.direction)
        asked = {"space": space.told, "fixed": sorted(space.fixed), "direction": manner.direction}
        known = self.optuna.user_attrs.get(ASKED)
        if known is None:
            self.optuna.set_user_attr(ASKED, asked)
            if as_is:
                self.optuna.enqueue_trial(dict(as_is), user_attrs={AS_IS: True})
            elif not_as_is:
                self.optuna.enqueue_trial({}, user_attrs={NOT_AS_IS: not_as_is})
        elif told := _difference(known, asked):
            raise UserError(
                f"{folder} holds a search that was asked something else. {told}: say the same again, or give "
                "another hydra.sweep.dir"
            )
        self.cut_off()

    @property
    def trials(self) -> list[FrozenTrial]:
        """All that were begun, in order."""
        return [each for each in self.optuna.get_trials(deepcopy=False) if each.state.name != "WAITING"]

    @property
    def killed(self) -> set[int]:
        """Numbers of the trials that were cut off; each is run again under another number."""
        return set(self.optuna.user_attrs.get(KILLED, []))

    @property
    def again(self) -> dict[int, int]:
        """By the number of each trial that was cut off: the number of the one that takes its place."""
        everyone = self.optuna.get_trials(deepcopy=False)
        return {each.user_attrs[AGAIN]: each.number for each in everyone if AGAIN in each.user_attrs}

    @property
    def done(self) -> int:
        """How many came to an end of their own, good or bad."""
        return sum(each.state.is_finished() and each.number not in self.killed for each in self.trials)

    @property
    def best(self) -> FrozenTrial | None:
        """The finished trial of the best value; of equal ones the first."""
        sign = 1 if self.manner.direction == "maximize" else -1
        complete = [each for each in self.trials if each.value is not None and each.state.name == "COMPLETE"]
        return max(complete, key=lambda each: (sign * (each.value or 0.0), -each.number), default=None)

    def ask(self) -> Trial:
        """The next trial, its values drawn."""
        turn = sum(each.number not in self.killed for each in self.trials)
        self.optuna.sampler = self.manner.sampled(turn)
        return self.optuna.ask(fixed_distributions=self.space.distributions())

    def tell(self, trial: Trial, value: float, by_epoch: Mapping[int, float]) -> None:
        """A trial came to this."""
        self._tell(trial, "COMPLETE", by_epoch, value)

    def tell_pruned(self, trial: Trial, why: str, by_epoch: Mapping[int, float]) -> None:
        """A trial was ended early; what it had come to by then is learnt from."""
        trial.set_user_attr(WHY, why)
        self._tell(trial, "PRUNED", by_epoch)

    def tell_failed(self, trial: Trial, why: str) -> None:
        """A trial came to nothing."""
        trial.set_user_attr(WHY, why)
        self._tell(trial, "FAIL", {})

    def cut_off(self) -> None:
        """Whatever is marked as running was killed with the process that ran it: it is to be run again."""
        from optuna.trial import TrialState

        running = [each for each in self.trials if each.state == TrialState.RUNNING]
        if running:
            self.optuna.set_user_attr(KILLED, sorted(self.killed | {each.number for each in running}))
        for each in running:
            self.optuna.tell(each.number, state=TrialState.FAIL)
        everyone = self.optuna.get_trials(deepcopy=False)
        for each in everyone:
            if each.number in self.killed - set(self.again):
                kept = {key: each.user_attrs[key] for key in (AS_IS, NOT_AS_IS) if key in each.user_attrs}
                values = each.params or each.system_attrs.get("fixed_params", {})
                self.optuna.enqueue_trial(values, user_attrs={AGAIN: each.number, **kept})

    def _tell(
        self, trial: Trial, state: str, by_epoch: Mapping[int, float], value: float | None = None
    ) -> None:
        from optuna.trial import TrialState

        for epoch, told in by_epoch.items():
            trial.report(told, epoch)
        # A pruned one's value is its last epoch's: Optuna takes that itself.
        self.optuna.tell(trial, value, state=TrialState[state])


def _opened(file: Path, direction: str) -> optuna.Study:
    import optuna
    from optuna.study import StudyDirection
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return optuna.create_study(
            study_name=NAME,
            storage=f"sqlite:///{file}",
            direction=StudyDirection[direction.upper()],
            load_if_exists=True,
        )
    except (SQLAlchemyError, RuntimeError, json.JSONDecodeError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise UserError(
            f"{file} is no study that can be gone on with ({reason}): restore it, or give another hydra.sweep.dir"
        ) from None


def _difference(known: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What was asked then and now, as far as it is not the same; empty where it is."""
    before, now = _asked(known), _asked(asked)
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if not keys:
        return ""
    then, today = (" ".join(of.get(key, f"(no {key})") for key in keys) for of in (before, now))
    return f"Then: {then}; now: {today}"


def _asked(told: Mapping[str, Any]) -> dict[str, str]:
    """By key what the command and the space said of it."""
    lines = [f"{key}={sweep}" for key, sweep in told["space"].items()]
    lines += [
        line
        for line in told["fixed"]
        if not any(f"{_key(line)}.".startswith(f"{each}.") for each in NO_QUESTION)
    ]
    return {_key(line): line for line in [*lines, f"hydra.sweeper.direction={told['direction']}"]}


def _key(line: str) -> str:
    return line.partition("=")[0].lstrip("+")
