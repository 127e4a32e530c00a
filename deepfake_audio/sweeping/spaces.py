"""What a search may choose among: Hydra's own words for sweeps, read as distributions to draw from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import UserError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override, RangeSweep
    from optuna.distributions import BaseDistribution

# Digits of a number that was drawn, besides those that all of its range share: more would only be hard to read.
DIGITS = 4
# Of a number that lies on a step, or at an end, as it was told.
ALL_DIGITS = 12
EXAMPLE = "such as 'optim.lr=tag(log, interval(1e-4, 1e-2))' or 'model.dropout=choice(0.1,0.3)'"


@dataclass(frozen=True)
class Parameter:
    """One setting of a space. Choices are kept as they are written on a command line.

    Args:
        key: as an override says it, such as `optim.lr` or `+trainer.accumulate_grad_batches`.
        told: the sweep as it was written; a study that goes on must have been told the same.
    """

    key: str
    told: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    whole: bool = False
    log: bool = False

    def distribution(self) -> BaseDistribution:
        """What Optuna draws from."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def spans(self, value: Any) -> bool:
        """Whether a number lies in the range, on one of its steps."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-9

    def written(self, value: Any) -> str:
        """A value as an override says it; never one that lies outside the range, or off its steps."""
        if not isinstance(value, float):
            return str(value)
        if not self.step:
            shared = math.floor(math.log10(max(abs(self.low), abs(self.high)) / (self.high - self.low)))
            rounded = float(f"{value:.{DIGITS + max(shared, 0)}g}")
            value = min(max(rounded, self.low), self.high)
        return f"{value:.{ALL_DIGITS}g}"


@dataclass(frozen=True)
class Space:
    """The settings to search, and those that all runs share, as overrides."""

    parameters: tuple[Parameter, ...]
    fixed: tuple[str, ...] = field(default=())

    @property
    def told(self) -> dict[str, str]:
        return {each.key: each.told for each in self.parameters}

    def distributions(self) -> dict[str, BaseDistribution]:
        """By key, in the order of the space."""
        return {each.key: each.distribution() for each in self.parameters}

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """What the command line of a run with these values says."""
        return [*self.fixed, *self.drawn(values)]

    def drawn(self, values: Mapping[str, Any]) -> list[str]:
        """The values alone."""
        return [
            f"{each.key}={each.written(values[each.key])}" for each in self.parameters if each.key in values
        ]


def read_space(params: Mapping[str, str], arguments: Sequence[str], config_loader: Any = None) -> Space:
    """The space of a sweep's config, as the command line changes it.

    Args:
        params: key to sweep, such as `{"optim.lr": "tag(log, interval(1e-4, 1e-2))"}`.
        arguments: overrides. One with a sweep adds to the space or takes a key's place; one without fixes its key.
        config_loader: Hydra's, for `glob(*)`.
    """
    told: dict[str, Override] = {}
    for key, sweep in params.items():
        told[key] = _parsed([f"{key}={sweep}"], config_loader, f"hydra.sweeper.params.{key}")[0]
    for override in _parsed(list(arguments), config_loader, "the command line"):
        told[override.get_key_element()] = override
    searched = {key: each for key, each in told.items() if each.is_sweep_override()}
    fixed = [each.input_line or "" for key, each in told.items() if key not in searched]
    if not searched:
        raise UserError(f"there is nothing to search: say sweep=NAME, or give settings a range, {EXAMPLE}")
    if "seed" in searched:
        raise UserError(
            "a search over seed picks the luckiest run: leave it out, and repeat the winner with -m seed=0,1,2"
        )
    return Space(tuple(_parameter(key, each) for key, each in searched.items()), tuple(fixed))


def _parsed(lines: list[str], config_loader: Any, where: str) -> list[Override]:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create(config_loader=config_loader).parse_overrides(lines)
    except HydraException as error:
        reason = " ".join(str(error).split("\nSee ")[0].split())
        raise UserError(f"{where} can't be read as a range: {reason}; {EXAMPLE}") from None


def _parameter(key: str, override: Override) -> Parameter:
    written = " ".join((override.input_line or "").partition("=")[2].split())
    tags: set[str] = getattr(override.value(), "tags", set())
    unknown = sorted(set(tags) - {"log"})
    if unknown:
        raise UserError(f"{key}={written}: the tag {unknown[0]} is not known; log is the only one")
    told: dict[str, Any] = {"key": key, "told": written, "log": "log" in tags}
    if override.is_interval_sweep():
        ends: Any = override.value()
        # Of all numbers between, as it is to Hydra: whole ones are `range`.
        found = Parameter(**told, low=float(ends.start), high=float(ends.end))
    elif override.is_range_sweep():
        found = _range(override.value(), told)  # type: ignore[arg-type]
    elif getattr(override.value(), "shuffle", False):
        raise UserError(f"{key}={written}: a search draws in an order of its own; leave shuffle out")
    else:
        choices = tuple(dict.fromkeys(override.sweep_string_iterator()))
        found = Parameter(key, written, choices=choices)
    _check(found)
    return found


def _range(sweep: RangeSweep, told: dict[str, Any]) -> Parameter:
    """Hydra's range leaves its end out."""
    low, stop, step = sweep.start or 0, sweep.stop or 0, sweep.step
    if step <= 0 or stop <= low:
        raise UserError(
            f"{told['key']}={told['told']} is empty: give a start, an end above it, and a step above 0"
        )
    # Rounded first: 1.1 - 0.3 is eight steps of 0.1, and a hair.
    steps = math.ceil(round((stop - low) / step, 9)) - 1
    whole = all(isinstance(each, int) for each in (low, stop, step))
    if told["log"] and not (whole and step == 1):
        raise UserError(
            f"{told['key']}={told['told']}: only a range of whole numbers in steps of 1 can be log"
        )
    return Parameter(**told, low=low, high=round(low + steps * step, 10), whole=whole, step=step)


def _check(found: Parameter) -> None:
    if found.choices:
        if len(found.choices) == 1:
            raise UserError(f"{found.key}={found.told} leaves one choice: give more, or fix it")
    elif not -math.inf < found.low < found.high < math.inf:
        raise UserError(
            f"{found.key}={found.told}: the end must lie above the start, and neither be infinite"
        )
    elif found.log and found.low <= 0:
        raise UserError(f"{found.key}={found.told}: a range on a log scale begins above 0")
