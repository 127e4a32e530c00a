"""One command for all verbs, which starts at once and runs each as `python -m` would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from deepfake_audio.__main__ import COMMAND, VERBS

from .warm import REPOSITORY, run

# As the script does that an installer writes for the entry point.
SCRIPT = "import sys; from deepfake_audio.__main__ import main; sys.argv[0] = '/bin/deepfake-audio'; sys.exit(main())"
# What no help may cost the time of.
HEAVY = {
    "torch",
    "torchaudio",
    "pytorch_lightning",
    "pandas",
    "sklearn",
    "matplotlib",
    "gradio",
    "huggingface_hub",
}
WITH_CONFIG = ("extract", "split", "audit", "forge", "train")


def script(*arguments: str, cwd: Path, code: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    """The installed command, in an interpreter of its own."""
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "HYDRA_FULL_ERROR": "0"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )


def test_the_entry_point_is_this() -> None:
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert told["project"]["scripts"] == {COMMAND: "deepfake_audio.__main__:main"}


def test_every_verb_is_there_and_each_has_a_line(tmp_path: Path) -> None:
    done = script("--help", cwd=tmp_path)
    assert done.returncode == 0
    for verb, what in VERBS.items():
        assert importlib.util.find_spec(f"deepfake_audio.{verb}"), verb
        assert f"  {verb} " in done.stdout and what in done.stdout
    # Every module that one can run is among them.
    runnable = {
        file.stem
        for file in (REPOSITORY / "deepfake_audio").glob("*.py")
        if '__name__ == "__main__"' in file.read_text() and file.stem != "__main__"
    }
    assert runnable == set(VERBS)


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_there_at_once(verb: str, tmp_path: Path) -> None:
    """Without what takes seconds to import, which says more than a clock on a busy machine."""
    code = (
        "import sys, runpy\n"
        "try: runpy.run_module('deepfake_audio', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end: code = end.code\n"
        "else: code = 0\n"
        "print(code, ' '.join(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = script(*filter(None, [verb, "--help"]), cwd=tmp_path, code=code)
    code_text, *modules = done.stderr.splitlines()[-1].split()
    assert code_text in ("0", "None"), done.stderr
    assert not HEAVY & set(modules)
    assert verb in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tarin"], "did you mean train?"),
        (["xyzzy"], "there is predict, explain"),
        ([], "usage: deepfake-audio VERB"),
        (["--hlep"], "has no verb '--hlep'"),
        (["../train"], "has no verb"),
    ],
)
def test_no_such_verb(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = script(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not done.stdout


def test_it_says_its_version(tmp_path: Path) -> None:
    assert script("--version", cwd=tmp_path).stdout.startswith("deepfake-audio 0.")


def test_what_verbs_exit_with_comes_through(tmp_path: Path) -> None:
    done = run("__main__", "evaluate", "nowhere.csv", cwd=tmp_path)
    assert done.returncode == 2 and "error: nowhere.csv is missing" in done.stderr
    done = run("__main__", "train", "modle=cnn", cwd=tmp_path)
    assert done.returncode == 2 and "modle" in done.stderr and "Traceback" not in done.stderr


def test_a_sweep_by_the_command(tmp_path: Path) -> None:
    """Hydra finds its overrides, its folders and its `--multirun` where they would be behind `python -m`."""
    (tmp_path / "clips.csv").write_text(
        "clip,path,label,voice\n" + "".join(f"c{n},c{n}.wav,{n % 2},v{n // 2}\n" for n in range(80))
    )
    done = run(
        "__main__", "split", "-m", "clips=clips.csv", "seed=1,2", "out=split_${seed}.csv", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert {file.name for file in tmp_path.glob("split_*.csv")} == {"split_1.csv", "split_2.csv"}


@pytest.mark.parametrize("verb", WITH_CONFIG)
def test_quick_help_shows_what_hydra_would(verb: str, tmp_path: Path) -> None:
    """The same config, and each group with each option."""
    told = run("__main__", verb, "--help", cwd=tmp_path).stdout
    _, _, config = told.partition("(foo.bar=value)\n")
    shown = yaml.safe_load(config.rpartition("\nBehind overrides")[0])
    job = run("__main__", verb, "--cfg", "job", cwd=tmp_path)
    assert shown == yaml.safe_load(job.stdout)
    for group in (REPOSITORY / "conf").iterdir():
        if group.is_dir() and group.name != "hydra" and any(group.glob("*.yaml")):
            options = sorted(file.stem for file in group.glob("*.yaml"))
            assert f"{group.name}: {', '.join(options)}\n" in told


def test_help_behind_overrides_is_hydras(tmp_path: Path) -> None:
    told = run("__main__", "train", "model=lcnn", "--help", cwd=tmp_path).stdout
    assert "name: lcnn" in told and "Powered by Hydra" in told
