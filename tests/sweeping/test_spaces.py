"""What a search may choose among, read from Hydra's words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import create_study

from deepfake_audio.configs import resource_folder
from deepfake_audio.errors import UserError
from deepfake_audio.sweeping.composing import without_search
from deepfake_audio.sweeping.first import as_is
from deepfake_audio.sweeping.spaces import read_space

from ..test_configs import options

CONF = resource_folder("conf")


@pytest.mark.parametrize(
    ("sweep", "distribution"),
    [
        ("interval(0, 1)", FloatDistribution(0, 1)),
        ("tag(log, interval(1e-4, 1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("range(1, 4)", IntDistribution(1, 3)),
        ("range(0, 10, 4)", IntDistribution(0, 8, step=4)),
        ("tag(log, range(7, 128))", IntDistribution(7, 127, log=True)),
        ("range(0.3, 1.1, step=0.1)", FloatDistribution(0.3, 1.0, step=0.1)),
        ("range(0.0, 0.65, 0.05)", FloatDistribution(0.0, 0.6, step=0.05)),
        ("choice([8,16],[16,32])", CategoricalDistribution(("[8,16]", "[16,32]"))),
        ("mean,attentive", CategoricalDistribution(("mean", "attentive"))),
    ],
)
def test_a_sweep_is_a_distribution(sweep: str, distribution: object) -> None:
    (parameter,) = read_space({"a.b": sweep}, []).parameters
    assert parameter.distribution() == distribution
    assert parameter.told == sweep


@pytest.mark.parametrize(
    ("params", "arguments", "told"),
    [
        ({}, ["lr=1"], "nothing to search"),
        ({"lr": "interval(1, 1)"}, [], "lr=interval(1, 1): the end must lie above"),
        ({"lr": "interval(2, 1)"}, [], "the end must lie above"),
        ({"lr": "tag(log, interval(0, 1))"}, [], "begins above 0"),
        ({"lr": "tag(log, range(0.1, 1.0, 0.1))"}, [], "whole numbers"),
        ({"lr": "tag(sqrt, interval(0, 1))"}, [], "tag sqrt is not known"),
        ({"lr": "interval(0, inf)"}, [], "neither be infinite"),
        ({"lr": "shuffle(a, b)"}, [], "leave shuffle out"),
        ({"lr": "range(4, 1)"}, [], "is empty"),
        ({"lr": "range(4, 5)"}, [], "the end must lie above"),
        ({"lr": "choice(1)"}, [], "one choice"),
        ({"lr": "interval(1,"}, [], "hydra.sweeper.params.lr can't be read"),
        ({"lr": "interval(a, b)"}, [], "hydra.sweeper.params.lr can't be read"),
        ({"lr": "interval(0, 1)"}, ["seed=0,1"], "luckiest"),
    ],
)
def test_what_is_no_space_is_refused_in_a_line(
    params: dict[str, str], arguments: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=re.escape(told)) as refused:
        read_space(params, arguments)
    assert "\n" not in str(refused.value)


def test_the_command_line_goes_before_the_config() -> None:
    space = read_space(
        {"a": "interval(0,1)", "b": "choice(x,y)"}, ["a=0.5", "b=choice(y,z)", "+c=1,2", "d=7"]
    )
    assert space.told == {"b": "choice(y,z)", "+c": "1,2"}
    assert space.overrides({"b": "y", "+c": "2"}) == ["a=0.5", "d=7", "b=y", "+c=2"]


@pytest.mark.parametrize(
    "sweep",
    [
        "interval(0.12344, 0.12346)",
        "interval(12345, 12347)",
        "range(0.00001, 1, step=0.00001)",
        "range(0.5, 10000.5)",
    ],
)
def test_what_a_command_says_is_in_the_range_and_on_its_steps(sweep: str) -> None:
    space = read_space({"a": sweep}, [])
    (parameter,) = space.parameters
    study = create_study(sampler=RandomSampler(seed=0))
    drawn = [study.ask(space.distributions()).params["a"] for _ in range(50)]
    written = [float(parameter.written(value)) for value in (parameter.low, parameter.high, *drawn)]
    assert all(parameter.spans(value) for value in written)
    assert len(set(written)) > 40, "one is told from another"


@pytest.mark.parametrize("name", options("sweep"))
def test_each_committed_space_has_runs_that_compose(name: str) -> None:
    """What is drawn stays inside the range as it is written, and what the config says without a search is in it."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[f"sweep={name}"], return_hydra_config=True)
        space = read_space(config.hydra.sweeper.params, [f"sweep={name}"])
        assert as_is(space, config) is not None
        assert config.model.name == name
        study = create_study(sampler=RandomSampler(seed=0))
        for _ in range(3):
            overrides = space.overrides(study.ask(space.distributions()).params)
            drawn = compose("train", overrides=shlex.split(shlex.join(overrides)))
            assert drawn.model.name == name
    for parameter in space.parameters:
        for _ in range(50):
            value = study.ask(space.distributions()).params[parameter.key]
            (override,) = OverridesParser.create().parse_overrides(
                [f"{parameter.key}={parameter.written(value)}"]
            )
            if not parameter.choices:
                assert parameter.low <= float(override.value()) <= parameter.high  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "brought"), [("cnn", ["model=cnn"]), ("ssl", ["model=ssl", "features=ssl"])]
)
def test_the_best_is_said_without_the_search(name: str, brought: list[str]) -> None:
    drawn = ["corpus=fakeavceleb", "model.dropout=0.1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        plain = without_search(
            [f"sweep={name}", *drawn], lambda each: compose("train", overrides=each, return_hydra_config=True)
        )
        assert plain == [*brought, *drawn]
        assert compose("train", overrides=plain) == compose("train", overrides=[f"sweep={name}", *drawn])


def test_what_a_search_of_ones_own_sets_is_said_too(tmp_path: Path) -> None:
    """A group that others follow, a text in need of quotes, and a key that it makes itself."""
    (tmp_path / "sweep").mkdir()
    (tmp_path / "train.yaml").write_text("defaults:\n  - sweep: null\n  - _self_\nnote: none\nlayers: [1]\n")
    (tmp_path / "sweep" / "own.yaml").write_text(
        '# @package _global_\ndefaults:\n  - _self_\nfresh: 1\nnamed: {a: "it\'s, so", b: [true, null]}\n'
    )
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        asked = ["sweep=own", "layers=[2]", "fresh=3"]
        plain = without_search(asked, lambda each: compose("train", overrides=each, return_hydra_config=True))
        assert not any("sweep" in each for each in plain)
        assert compose("train", overrides=plain) == compose("train", overrides=asked)
