"""A track and a face as a real, tiny .mp4: H.264 and AAC, the same bytes each time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from ...files import replacing
from ...forging.frames import SAMPLE_RATE_HZ, Floats
from .cast import EMPTY, FRAME_SAMPLES, FRAMES_PER_SECOND, NO_SOUND, TRUNCATED, Clip, Voice

FACE_PIXELS = 64
# The first bytes of what macOS leaves beside each file on a foreign disk: magic number and version 2.
APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(58)


def write_clip(root: Path, clip: Clip, track: Floats) -> None:
    """The clip's file with its part of the voice's `track` [T], damaged where the plan says so."""
    path = root / clip.path
    with replacing(path) as part:
        if clip.defect == EMPTY:
            part.write_bytes(b"")
            return
        start = clip.start * FRAME_SAMPLES
        _encode(part, clip, track[start : start + clip.frames * FRAME_SAMPLES])
        if clip.defect == TRUNCATED:
            # The index of an mp4 stands at its end: without it nothing can be read.
            whole = part.read_bytes()
            part.write_bytes(whole[: len(whole) // 2])


def write_apple_double(path: Path) -> None:
    with replacing(path) as part:
        part.write_bytes(APPLE_DOUBLE)


def _encode(path: Path, clip: Clip, sound: Floats) -> None:
    """One ffmpeg process; one thread, no dates, no versions and no processor's own arithmetic in the file."""
    from imageio_ffmpeg import get_ffmpeg_exe

    video = f"color=c={_colour(clip.source)}:s={FACE_PIXELS}x{FACE_PIXELS}:r={FRAMES_PER_SECOND}"
    command = [
        get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-cpuflags", "0", "-filter_threads", "1",
        "-f", "lavfi", "-i", video,
        "-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0",
        "-frames:v", str(clip.frames), "-threads", "1",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
        *(["-an"] if clip.defect == NO_SOUND else ["-c:a", "aac", "-b:a", "64k"]),
        "-flags", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1", str(path.absolute()),
    ]  # fmt: skip
    samples = np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
    done = subprocess.run(command, input=samples.tobytes(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ffmpeg could not write {path}: {done.stderr.decode(errors='replace').strip()}")


def _colour(face: Voice) -> str:
    """Each face is one colour."""
    return f"0x{int(face.identity[2:]) * 2654435761 % 0xFFFFFF:06x}"
