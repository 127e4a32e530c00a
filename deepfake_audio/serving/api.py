"""The plain API: a recording in, a verdict as JSON out."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from .. import __version__
from .desk import Desk
from .refusal import BAD_REQUEST, BUSY, Refusal
from .schema import DetectorAnswer, ErrorAnswer, HealthAnswer, VerdictAnswer
from .uploads import Uploads

FIELD, FORM = "file", "multipart/form-data"
HOW_TO_SEND = (
    f"send the recording as the field `{FIELD}` of a form ({FORM}), as `curl -F {FIELD}=@recording.wav` does"
)
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {"type": "string", "format": "binary", "description": "the recording"}
                    },
                }
            }
        },
    }
}
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "no recording under `file`"},
    408: {"model": ErrorAnswer, "description": "sending it took too long"},
    413: {"model": ErrorAnswer, "description": "too many bytes or minutes"},
    422: {"model": ErrorAnswer, "description": "no recording, damaged, silent or too short"},
    503: {"model": ErrorAnswer, "description": "too many are waiting; `Retry-After` says when to try again"},
    504: {"model": ErrorAnswer, "description": "listening took too long"},
}


def with_api(desk: Desk, uploads: Uploads) -> FastAPI:
    """An application with the API in it; its schema is at /openapi.json."""
    # The usual pages about a schema load scripts from elsewhere.
    app = FastAPI(title="deepfake-audio", version=__version__, docs_url=None, redoc_url=None)
    app.add_exception_handler(Refusal, _refuse)
    _add_verdict(app, desk, uploads)
    _add_facts(app, desk)
    return app


async def _refuse(_: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)
    headers = {"Retry-After": "60"} if refusal.status == BUSY else None
    return JSONResponse({"error": str(refusal)}, refusal.status, headers)


def _add_verdict(app: FastAPI, desk: Desk, uploads: Uploads) -> None:
    @app.post("/v1/verdict", response_model=VerdictAnswer, responses=ERRORS, openapi_extra=UPLOAD)
    async def verdict(request: Request) -> dict[str, Any]:
        """Listen to a recording: any audio or video file that ffmpeg reads. It is deleted before the answer."""
        if desk.is_full:
            raise Refusal(BUSY, "too many recordings are waiting: try again in a minute")
        if not request.headers.get("content-type", "").lower().startswith(FORM):
            raise Refusal(BAD_REQUEST, HOW_TO_SEND)
        try:
            form = await request.form(max_files=1, max_fields=1)
        except HTTPException as error:
            raise Refusal(BAD_REQUEST, f"this is no form with one file in it ({error.detail})") from None
        sent = form.get(FIELD)
        try:
            if not isinstance(sent, UploadFile):
                raise Refusal(BAD_REQUEST, HOW_TO_SEND)
            name = sent.filename or ""
            kept = await asyncio.to_thread(uploads.keep, sent.file, name)
        finally:
            await form.close()
        content: dict[str, Any] = (await desk.hear(kept, name))["verdict"]
        return content


def _add_facts(app: FastAPI, desk: Desk) -> None:
    @app.get("/v1/detector", response_model=DetectorAnswer)
    async def detector() -> dict[str, Any]:
        """The detector that answers, its model card, and what is refused."""
        config, rate = desk.listener.config, desk.listener.config["features"]["sample_rate"]
        return {
            "threshold": config["threshold"],
            "calibration": config.get("calibration"),
            "corpus": config.get("corpus"),
            "sample_rate": rate,
            "window_seconds": config["window_samples"] / rate,
            "format": config.get("format"),
            "versions": config.get("versions") or {},
            "version": __version__,
            "limits": asdict(desk.listener.limits),
            "card": desk.listener.card,
        }

    @app.get("/v1/health", response_model=HealthAnswer)
    async def health() -> dict[str, Any]:
        """Whether a recording would be taken now."""
        return {"status": "full" if desk.is_full else "ok", "waiting": desk.waiting}
