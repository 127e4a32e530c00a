"""The options of a threshold's rule: every command that chooses one has them all."""

from __future__ import annotations

import argparse
from typing import Any

# Not `choices`, and no bounds: what is wrong is said in one line, by the same check that training makes.
OPTIONS: dict[str, tuple[type, str]] = {
    "--rule": (
        str,
        "what the threshold is for: f_beta (default), false_alarm (highest recall), miss (fewest false alarms) or cost",
    ),
    "--beta": (float, "weight of recall in F-beta (default 2)"),
    "--max-false-alarm": (
        float,
        "largest share of real clips, 0 to 1, that may be called fake on validation",
    ),
    "--max-miss": (float, "largest share of fakes, 0 to 1, that may be called real on validation"),
    "--prevalence": (float, "share of fakes in use, above 0 and below 1, where that is another than here"),
    "--cost-miss": (float, "what a fake that passes costs (1)"),
    "--cost-false-alarm": (float, "what a real clip that is called fake costs (1)"),
}


def add_rule_options(parser: argparse._ActionsContainer) -> None:
    """To a parser, or to a group of one."""
    for name, (kind, told) in OPTIONS.items():
        metavar = "X" if kind is float else "NAME"
        parser.add_argument(name, type=kind, metavar=metavar, help=told)


def rule_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Those that were given, by the names of `Rule`'s settings."""
    given = {name: getattr(options, name) for name in map(destination, OPTIONS)}
    return {"name" if name == "rule" else name: value for name, value in given.items() if value is not None}


def destination(option: str) -> str:
    """The name that argparse gives to what an option says."""
    return option.removeprefix("--").replace("-", "_")
