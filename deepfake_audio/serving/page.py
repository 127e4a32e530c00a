"""The page: a recording is dropped or spoken into a microphone, and the verdict appears in words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gradio

from .desk import Desk
from .examples import CAUTION, EXAMPLES
from .look import LOOK
from .refusal import GONE, Refusal
from .result import refused, result
from .timeline import SCRIPT
from .uploads import Uploads

TITLE = "Is this voice real?"
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
WELCOME = (
    "A detector listens for the traces that speech synthesis leaves in a voice. It says how likely a voice is fake, "
    "how sure that is, and where in the recording it thinks so."
)


class _Page(gradio.Blocks):
    """Gradio's page, but a client can name no file of the server, nor an address: only what it has uploaded itself.

    Gradio looks after that where it starts its own server. Mounted in another it takes any path, copies the file,
    and fetches what an address leads to; so it is looked after here, before Gradio does anything with an input.
    """

    uploads: Uploads

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], *others: Any, **named: Any
    ) -> list[Any]:
        if not all(_was_uploaded(each, self.uploads) for each in inputs):
            raise gradio.Error(
                "upload the recording: files and addresses can't be named", print_exception=False
            )
        content: list[Any] = await super().preprocess_data(block_fn, inputs, *others, **named)
        return content


class _Asked:
    """What the page and Gradio's client ask for."""

    def __init__(self, desk: Desk, uploads: Uploads) -> None:
        self.desk, self.uploads = desk, uploads

    async def check(self, file: Any) -> tuple[Any, None]:
        # The upload is gone by then, so it must not look as if it could be asked about again.
        return await self._shown(self._heard(file, True)) if file else gradio.skip(), None

    async def verdict(self, file: Any) -> dict[str, Any]:
        """Listen to a recording. It is deleted before the answer, which is the same as that of POST /v1/verdict."""
        try:
            content: dict[str, Any] = (await self._heard(file, False))["verdict"]
            return content
        except Refusal as refusal:
            raise gradio.Error(str(refusal), print_exception=False) from None

    def example(self, name: str) -> Callable[[], Awaitable[str]]:
        """For a button."""

        async def check() -> str:
            return await self._shown(self.desk.hear_example(name))

        return check

    async def _heard(self, sent: Any, shown: bool) -> dict[str, Any]:
        if not isinstance(sent, dict):
            raise Refusal(GONE, "send one recording")
        file = Path(sent["path"])
        try:
            taken = self.uploads.take(file)
        except FileNotFoundError:
            raise Refusal(GONE, "the recording is no longer here: send it again") from None
        return await self.desk.hear(taken, file.name, shown)

    async def _shown(self, answer: Awaitable[dict[str, Any]]) -> str:
        try:
            return result(await answer, self.desk.listener.config)
        except Refusal as refusal:
            return refused(str(refusal))


def page(desk: Desk, uploads: Uploads) -> gradio.Blocks:
    """The page as Gradio builds it; it may be mounted, and is not started."""
    asked, limits = _Asked(desk, uploads), desk.listener.limits
    with _Page(title=TITLE, analytics_enabled=False) as built:
        built.uploads = uploads
        gradio.HTML(f"<header><h1>{TITLE}</h1><p>{WELCOME}</p></header>")
        file, spoken = _ways_in()
        with gradio.Row(elem_id="examples"):
            buttons = {
                name: gradio.Button(label, size="sm", elem_id=f"example-{name}")
                for name, label in EXAMPLES.items()
            }
        gradio.HTML(f'<p class="note">{CAUTION}</p>')
        told = gradio.HTML(elem_id="result", js_on_load=SCRIPT)
        with gradio.Accordion("About this detector: its model card", open=False, elem_id="card"):
            gradio.Markdown(FRONT_MATTER.sub("", desk.listener.card) or "It came without a card.")
        gradio.HTML(
            f'<p class="note">Recordings may have {limits.words}, and are deleted as soon as they have been listened '
            'to. For programs: <a href="openapi.json">the API</a>, <a href="v1/detector">this detector as JSON</a>.</p>'
        )
        # Not by Gradio's preparation of files, which leaves an empty one behind for each.
        plain: dict[str, Any] = {"preprocess": False, "concurrency_limit": None}
        hidden: dict[str, Any] = {**plain, "api_visibility": "private"}
        file.upload(asked.check, file, [told, file], show_progress_on=told, **hidden)
        spoken.stop_recording(asked.check, spoken, [told, spoken], show_progress_on=told, **hidden)
        for name, button in buttons.items():
            button.click(asked.example(name), None, told, **hidden)
        sent, answer = gradio.File(visible=False), gradio.JSON(visible=False)
        gradio.Button(visible=False).click(asked.verdict, sent, answer, api_name="verdict", **plain)
    built.queue(max_size=limits.queue + 1, api_open=False)
    return built


def _ways_in() -> tuple[gradio.File, gradio.Audio]:
    with gradio.Tabs():
        with gradio.Tab("A file"):
            file = gradio.File(label="Audio or video", elem_id="file", height=150)
        with gradio.Tab("Microphone"):
            spoken = gradio.Audio(
                sources=["microphone"], type="filepath", label="Speak for some seconds", elem_id="microphone"
            )
    return file, spoken


def settings() -> dict[str, Any]:
    """How the page is to be mounted: nothing from outside, nothing told to anybody, none of Gradio's extras."""
    local = ["system-ui", "sans-serif"]
    return {
        "theme": gradio.themes.Base(font=local, font_mono=["ui-monospace", "monospace"]),
        "css": LOOK,
        "footer_links": [],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "enable_monitoring": False,
    }


def _was_uploaded(content: Any, uploads: Uploads) -> bool:
    """Whether every file that an input names, however deep in it, is one that came through the page."""
    if isinstance(content, dict):
        named = "path" not in content or uploads.is_of_page(Path(str(content["path"])))
        return named and all(_was_uploaded(each, uploads) for each in content.values())
    return not isinstance(content, list) or all(_was_uploaded(each, uploads) for each in content)
