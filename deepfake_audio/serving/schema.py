"""What the API answers in, as its OpenAPI schema tells it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class WindowAnswer(BaseModel):
    """One stretch of the recording."""

    start_seconds: float
    end_seconds: float
    p_fake: float = Field(description="P(fake) of this stretch alone, from 0 to 1")


class VerdictAnswer(BaseModel):
    """What the detector says of a recording. Fake is the positive class."""

    file: str = Field(description="the name that was sent, without folders")
    p_fake: float = Field(description="P(fake) of the whole recording, from 0 to 1")
    verdict: str = Field(
        description='"fake" where p_fake >= threshold, else "real"; "can\'t tell" if there are doubts'
    )
    threshold: float
    margin: float = Field(description="p_fake - threshold: positive on the side of fake")
    logit: float = Field(description="the network's own figure, mean over windows, before calibration")
    seconds: float = Field(description="length of the recording")
    windows: list[WindowAnswer]
    segments: list[WindowAnswer] = Field(description="neighbouring windows that reach the threshold, merged")
    warnings: list[str] = Field(description="what to bear in mind with a verdict that stands")
    doubts: list[str] = Field(description="why nobody should rely on either verdict")


class LimitsAnswer(BaseModel):
    """What is refused."""

    max_mb: float
    max_minutes: float
    time_limit_seconds: float
    queue: int


class DetectorAnswer(BaseModel):
    """Who answers here."""

    threshold: dict[str, Any] = Field(
        description="on P(fake), how it was chosen, and what it did on validation"
    )
    calibration: dict[str, Any] | None = Field(description="what P(fake) is a probability of, if of anything")
    corpus: str | None = Field(description="what it was trained on")
    sample_rate: int = Field(description="in hertz, to which every recording is brought")
    window_seconds: float = Field(description="what it listens to at once")
    format: int | None
    versions: dict[str, str] = Field(description="what it was made with")
    version: str = Field(description="of the deepfake-audio that answers")
    limits: LimitsAnswer
    card: str = Field(description="the model card, Markdown")


class HealthAnswer(BaseModel):
    """Whether a recording would be taken now."""

    status: str = Field(description='"ok", or "full" when the queue is')
    waiting: int = Field(description="recordings that are heard or wait")


class ErrorAnswer(BaseModel):
    """Why there is no verdict."""

    error: str
