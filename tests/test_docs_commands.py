"""Every command and every line of Python on a page: understood, whether or not it can be run here.

Hydra composes what `train` and its like are told, the commands with options read theirs with their own parser, Python
is compiled and what it imports of us is there. What can be run is run by `tests/e2e/test_docs_pages.py`.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import runpy
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep

from deepfake_audio.configs import resource_folder

from .pages import REPOSITORY, blocks, inline_commands, pages, verb_and_arguments

CONF = resource_folder("conf")
BY_HYDRA = {path.stem for path in CONF.glob("*.yaml")}
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
EXTRAS = set(re.findall(r"^(\w+) = \[", (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"), re.M))
# Names that stand for what a reader has, in running text; shells would expand the last two.
STANDS_FOR = re.compile(r"^[A-Z_]+$|\.\.\.|\$")


class Read(Exception):
    """A command's parser has read its arguments, and nothing has been done yet."""


@pytest.fixture
def only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands stop once their parser is content; where it isn't, it ends them with status 2, as ever."""
    parse = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> NoReturn:
        parse(parser, args, namespace)
        raise Read

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)


def composes(verb: str, arguments: list[str]) -> None:
    """Hydra knows each key; of a sweep's values the first one is taken."""
    overrides = [word for word in arguments if word not in ("-m", "--multirun", "--help")]
    once = [first_of(word) for word in overrides if not STANDS_FOR.search(word)]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        # The command line also sets what is Hydra's own, such as the folder of a run.
        compose(verb, overrides=once, return_hydra_config=True)


def first_of(word: str) -> str:
    """An override that is no sweep; of a sweep its first value, or where its range begins."""
    (override,) = OverridesParser.create().parse_overrides([word])
    if not override.is_sweep_override():
        return word
    value = override.value()
    first = value.start if isinstance(value, IntervalSweep) else next(override.sweep_string_iterator())
    return f"{override.get_key_element()}={first}"


def understood(words: list[str], page: str) -> None:
    """Fail unless a command could be typed as it stands."""
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", MAKEFILE, re.M), f"{page}: make {target}"
            return
        case ["pip", "install", *packages]:
            for extra in re.findall(r"\[([\w,]+)\]", " ".join(packages)):
                assert set(extra.split(",")) <= EXTRAS, f"{page}: no extra {extra}"
            return
        case (
            ["python", "-m", "deepfake_audio"]
            | ["curl", *_]
            | ["deepfake-audio", "--help"]
            | ["python", "-m", "http.server", *_]
        ):
            return
    told = verb_and_arguments(words)
    assert told is not None, f"{page}: nobody knows how to read `{' '.join(words)}`"
    verb, arguments = told
    if verb in BY_HYDRA:
        composes(verb, arguments)
    elif "--help" not in arguments and "-h" not in arguments:
        with pytest.raises(Read):
            read(verb, arguments)


def read(verb: str, arguments: list[str]) -> None:
    """Begin a command with options in this process."""
    if verb.endswith(".py"):
        sys.argv = [verb, *arguments]
        runpy.run_path(str(REPOSITORY / verb), run_name="__main__")
    else:
        importlib.import_module(f"deepfake_audio.{verb}").main(arguments)


@pytest.mark.parametrize("page", pages())
def test_each_command_is_understood(page: str, only_read: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    typed = [words for block in blocks(page) if block.kind == "shell" for words in block.commands]
    inline = [words for words in inline_commands(page) if len(words) > 2 or words[0] == "make"]
    # Shell of its own, in a script for a cluster: the words of its command count.
    for words in typed + inline:
        if "=" not in words[0] and not words[0].startswith("."):
            understood([word for word in words if word != "&&"], page)


@pytest.mark.parametrize("page", pages())
def test_each_block_is_of_a_kind_that_is_tested(page: str) -> None:
    for block in blocks(page):
        known = {"", "text", "json", "csv", "yaml", "html"}
        assert block.kind != "shown" or block.language in known, f"{block}: who runs `{block.language}`?"
        # Python that calls itself text would be run by nobody.
        assert block.kind != "shown" or not re.search(r"^(from \S+ )?import ", block.text, re.M), str(block)
        if block.kind == "shell":
            first = {words[0] for words in block.commands if words}
            assert first, f"{block}: fenced as a shell's, and holds no command"


@pytest.mark.parametrize("page", pages())
def test_python_compiles_and_what_it_imports_is_there(page: str) -> None:
    for block in blocks(page):
        if block.kind == "python":
            imports_exist(ast.parse(block.text), str(block))


def imports_exist(tree: ast.AST, where: str) -> None:
    """What is imported from us by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepfake_audio"):
            module = importlib.import_module(str(node.module))
            for name in node.names:
                assert hasattr(module, name.name), f"{where}: {node.module} has no {name.name}"


# A line of a notebook that runs a command, with the lines that it goes on over.
RUN = r"^%run ((?:.*\\\n)*.*)"
NOTEBOOKS = sorted((REPOSITORY / "docs").glob("*.ipynb"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebook_s_commands_and_imports(file: Path) -> None:
    """Committed without outputs; `tests/e2e/test_docs_pages.py` runs it."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell.get("outputs") for cell in cells)
    for source in code:
        for magic in re.findall(RUN, source, re.M):
            understood(["python", *shlex.split(magic.replace("\\\n", " "))], file.name)
        imports_exist(ast.parse(re.sub(rf"{RUN}|^%.*", "", source, flags=re.M)), file.name)


def test_links_from_pages_lead_somewhere() -> None:
    """In the repository; on the site `test_docs_site.py` follows them, their anchors too."""
    for page in pages():
        text = re.sub(r"```.*?```", "", (REPOSITORY / page).read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"\w+:", target):
                assert ((REPOSITORY / page).parent / target).exists(), f"{page}: {target}"


def test_no_page_knows_the_machine_that_it_was_written_on() -> None:
    """Neither the folders of this machine, nor what looks like a person's own on any other."""
    known = (REPOSITORY, Path.home(), Path(tempfile.gettempdir()))
    folders = [f"{folder}/" for folder in known if folder != Path(folder.anchor)]
    own = re.compile("|".join([*map(re.escape, folders), r"(?<![\w.])/(?:home|Users)/\w"]))
    for file in [*(REPOSITORY / page for page in pages()), *NOTEBOOKS]:
        found = own.search(file.read_text(encoding="utf-8"))
        assert found is None, f"{file.name} says {found and found.group()}"
