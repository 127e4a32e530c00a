"""The search as Hydra's sweeper: it draws settings, has a launcher run them, and learns from what they came to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction

from ..errors import UserError
from .ends import give_up_if_hopeless, reason_of, tell_end, tell_failed

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from optuna.trial import Trial

    from .study import Study

# What a config says of the class. Hydra takes plugins from the package `hydra_plugins` alone; under this name it
# finds ours, which stays where it can be imported from in whatever process a launcher starts.
ALIAS = "hydra_plugins.deepfake_audio.OptunaSweeper"


def offer_to_hydra() -> None:
    """Let configs name the sweeper. Optuna is imported when a search begins."""
    from hydra.core.plugins import Plugins

    Plugins.instance().class_name_to_class[ALIAS] = OptunaSweeper


class OptunaSweeper(Sweeper):
    """Draws by Optuna, over a space that the config and the command line tell.

    Args:
        params: the space, see `read_space`.
        n_trials: that come to an end of their own in all, over all commands that went on with the study.
        n_jobs: trials a batch; as many as the launcher runs at a time if not given, where it says so.
        pruning: read by the runs themselves, see `Pruning`; checked here.
        sampler, seed, startup_trials, direction: see `Manner`.
    """

    def __init__(
        self,
        params: Mapping[str, str] | None,
        n_trials: int,
        n_jobs: int | None,
        pruning: Mapping[str, Any],
        **manner: Any,
    ) -> None:
        self.params = dict(params or {})
        self.n_trials, self.n_jobs = n_trials, n_jobs
        self.pruning, self.manner = dict(pruning), manner

    # Hydra's, until `setup` may leave them out; ours are there from then on.
    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's: what a sweep is of."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Go on until `n_trials` have ended; what came of them is kept in the folder and printed."""
        from omegaconf import OmegaConf

        from ..files import alone_in
        from .composing import check_space
        from .first import as_is, not_as_is
        from .results import mark_killed
        from .spaces import read_space
        from .study import Manner, Study, check_optuna

        check_optuna()
        batch = self._checked_batch()
        manner = Manner(**self.manner, several=batch > 1)
        space = read_space(self.params, arguments, self.hydra_context.config_loader)
        check_space(space, self._composed)
        folder = Path(self.config.hydra.sweep.dir)
        returns: list[JobReturn] = []
        with alone_in(folder, "search"):
            study = Study(folder, space, manner, as_is(space, self.config), not_as_is(space, self.config))
            mark_killed(study, folder)
            OmegaConf.save(self.config, folder / "multirun.yaml")
            self._tell_start(study, folder)
            try:
                while study.done < self.n_trials:
                    returns += self._run(study, min(batch, self.n_trials - study.done), folder)
                    give_up_if_hopeless(study)
            except BaseException:
                study.cut_off()
                mark_killed(study, folder)
                print(f"\n{study.done} of {self.n_trials} trials done; {_way_on(folder)}", flush=True)
                raise
            finally:
                self._write(study, folder)
            self._tell_end(study, folder)
        return returns

    def _checked_batch(self) -> int:
        """How many trials are begun together; settings that mean nothing are refused."""
        from .pruning import Pruning

        Pruning(**self.pruning)
        jobs = self.n_jobs
        if jobs is None:
            told = self.config.hydra.launcher.get("n_jobs", 1)
            jobs = (os.cpu_count() or 1) if told == -1 else told
        for name, value in (("n_trials", self.n_trials), ("n_jobs", jobs)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UserError(f"hydra.sweeper.{name}={value}: give a whole number from 1 on")
        return int(jobs)

    def _run(self, study: Study, size: int, folder: Path) -> list[JobReturn]:
        """One batch: drawn, run and told of."""
        drawn = [study.ask() for _ in range(size)]
        trials = [trial for trial in drawn if self._composes(study, trial)]
        returns: list[JobReturn] = []
        for group in _consecutive(trials):
            overrides = [study.space.overrides(trial.params) for trial in group]
            try:
                ended = self.launcher.launch(overrides, initial_job_idx=group[0].number)
            except Exception as error:
                # Not the task's own, which comes back as its result: a process that ran it has died.
                for trial in group:
                    tell_failed(study, trial, f"its process ended: {reason_of(error)}")
                continue
            for trial, each in zip(group, ended, strict=True):
                tell_end(study, trial, each)
            returns += ended
        self._write(study, folder, picture=False)
        return returns

    def _composed(self, overrides: list[str]) -> DictConfig:
        """The config of a job with these overrides."""
        return self.hydra_context.config_loader.load_sweep_config(self.config, overrides)

    def _composed_alone(self, overrides: list[str]) -> DictConfig:
        """The config of a single run: what was said of Hydra's sweeper has no place there."""
        from hydra.types import RunMode

        told = [each for each in self.config.hydra.overrides.hydra if each.startswith("hydra.searchpath")]
        return self.hydra_context.config_loader.load_configuration(
            self.config.hydra.job.config_name, [*told, *overrides], RunMode.RUN
        )

    def _composes(self, study: Study, trial: Trial) -> bool:
        """A combination that is no config fails before anything is launched."""
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException

        try:
            self._composed(study.space.overrides(trial.params))
        except (HydraException, OmegaConfBaseException) as error:
            tell_failed(study, trial, reason_of(error))
            return False
        return True

    def _write(self, study: Study, folder: Path, picture: bool = True) -> None:
        from .results import trial_table, write_results

        write_results(trial_table(study, folder), study.space, folder, study.manner.direction, picture)

    def _tell_start(self, study: Study, folder: Path) -> None:
        names = ", ".join(each.key for each in study.space.parameters)
        if study.done >= self.n_trials:
            print(f"all {self.n_trials} trials are done; more: hydra.sweeper.n_trials={2 * self.n_trials}")
        elif study.trials:
            print(f"going on with {folder}: {study.done} of {self.n_trials} trials are done", flush=True)
        else:
            print(f"a search over {names}: {self.n_trials} trials in {folder}; if stopped, {_way_on(folder)}")

    def _tell_end(self, study: Study, folder: Path) -> None:
        from .composing import without_search
        from .results import in_words, mattering, trial_table

        verb = self.config.hydra.job.name
        told = in_words(trial_table(study, folder), study.space, study.manner.direction, mattering(study))
        print(f"\n{told}")
        best = study.best
        if best is None:
            raise UserError(f"none of {study.done} trials came to a result: {folder / 'trials.csv'} says why")
        words = shlex.join(without_search(study.space.overrides(best.params), self._composed_alone))
        print(f"\nthe best again: python -m deepfake_audio.{verb} {words}", flush=True)


def _consecutive(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Launchers number the jobs of a batch from its first one on."""
    group: list[Trial] = []
    for trial in trials:
        if group and trial.number != group[-1].number + 1:
            yield group
            group = []
        group.append(trial)
    if group:
        yield group


def _way_on(folder: Path) -> str:
    return f"the same command with hydra.sweep.dir={folder} goes on"
