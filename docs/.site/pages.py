"""What the site shows of files outside docs/, and links that hold in the repository and on the site alike."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).parents[2]
# Where a file of the repository stands on the site.
SHOWN = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "splits/README.md": "splits.md",
    "README.md": "index.md",
    "docs/first_verdict.ipynb": "first_verdict.md",
}
LINK = re.compile(r"(\]\()([^)#:]+)(#[^)]*)?(\))")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that stand elsewhere in the repository; README.md is the short form of index.md."""
    for source, page in SHOWN.items():
        if source == "README.md":
            continue
        file = REPOSITORY / source
        text = _of_notebook(file) if file.suffix == ".ipynb" else file.read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relinked(text, posixpath.dirname(source), page)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links out of docs/ to where their files stand on the site."""
    if page.file.generated_by:
        return markdown
    source = posixpath.join("docs", page.file.src_uri)
    # As `console` a line without a prompt is taken for output, and greyed.
    coloured = re.sub(r"^```console$", "```bash", markdown, flags=re.M)
    return relinked(coloured, posixpath.dirname(source), page.file.src_uri)


def relinked(text: str, folder: str, page: str) -> str:
    """Each link of a page that lies in a folder of the repository, as it must be at `page` on the site."""

    def at_site(found: re.Match[str]) -> str:
        opening, target, anchor, closing = found.groups()
        path = posixpath.normpath(posixpath.join(folder, target))
        site = SHOWN.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if site is None:
            return found.group(0)
        return opening + posixpath.relpath(site, posixpath.dirname(page) or ".") + (anchor or "") + closing

    return LINK.sub(at_site, text)


def _of_notebook(file: Path) -> str:
    """Its words, and its code as blocks."""
    told = []
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        told.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join(told)
