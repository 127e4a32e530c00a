"""The docs as a site: built strictly, all pages in its navigation, links and anchors followed, nothing from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).parents[1]


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        elif tag in ("script", "img", "iframe", "link"):
            self.loaded += [told[name] for name in ("src", "href") if told.get(name)]
        self.anchors |= {told[name] for name in ("id", "name") if name in told}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the command of `make docs`, into a folder of ours; a warning ends it."""
    pytest.importorskip("mkdocs", reason="needs mkdocs: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    config = REPOSITORY / "docs" / ".site" / "mkdocs.yml"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if "INFO" not in line)
    return folder


@pytest.fixture(scope="module")
def built(site: Path) -> dict[Path, Page]:
    return {
        file: Page(file.read_text(encoding="utf-8"))
        for file in site.rglob("*.html")
        if file.name != "404.html"
    }


def test_each_page_of_docs_is_built_and_in_the_navigation(site: Path, built: dict[Path, Page]) -> None:
    """Files that stand outside docs/ too."""
    sources = {path.relative_to(REPOSITORY / "docs") for path in (REPOSITORY / "docs").rglob("*.md")}
    expected = {path.with_suffix(".html").as_posix() for path in sources}
    expected |= {"contributing.html", "changelog.html", "splits.html", "first_verdict.html"}
    assert {file.relative_to(site).as_posix() for file in built} == expected
    home = {unquote(link.partition("#")[0]) for link in built[site / "index.html"].links}
    assert expected - {"index.html"} <= home


def test_links_and_anchors_lead_somewhere(site: Path, built: dict[Path, Page]) -> None:
    for file, page in built.items():
        for link in page.links:
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"\w+:", target):
                continue
            there = (file.parent / target).resolve() if target else file
            there = there / "index.html" if there.is_dir() else there
            assert there.is_file(), f"{file.relative_to(site)}: {link}"
            if there in built:
                assert anchor in built[there].anchors, f"{file.relative_to(site)}: {link}"


def test_nothing_comes_from_elsewhere(built: dict[Path, Page]) -> None:
    for file, page in built.items():
        assert not [each for each in page.loaded if re.match(r"(https?:)?//", each)], file.name


def test_the_api_is_made_from_docstrings(site: Path) -> None:
    """What the README lists for use as a library, with its arguments."""
    told = {file.stem: file.read_text(encoding="utf-8") for file in (site / "api").glob("*.html")}
    for page, name, word in (
        ("detectors", "deepfake_audio.detector.Detector.predict", "Verdict"),
        ("data", "deepfake_audio.splitting.split_clips", "policy"),
        ("training", "deepfake_audio.training.train", "module"),
        ("explaining", "deepfake_audio.explaining.explain", "method"),
    ):
        assert f'id="{name}"' in told[page]
        assert word in told[page]
    # A directive that was not understood would be printed.
    assert not any(":::" in text for text in told.values())
