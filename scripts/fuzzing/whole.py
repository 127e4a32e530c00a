"""Whole files of each kind, short, to be damaged."""

from __future__ import annotations

import subprocess
from pathlib import Path

# What each kind of file is made by; at 44.1 kHz it goes through ffmpeg, at 16 kHz libsndfile reads it where it can.
KINDS = {
    "a.wav": ["-ar", "16000"],
    "b.wav": ["-ar", "44100", "-ac", "2"],
    "c.flac": ["-ar", "16000"],
    "d.mp3": ["-ar", "16000"],
    "e.mp3": ["-ar", "44100"],
    "f.mp4": [],
    "g.m4a": ["-vn"],
    "h.ogg": ["-vn", "-c:a", "libvorbis", "-ar", "16000"],
    "i.webm": ["-vn", "-c:a", "libopus"],
}


def make_files(folder: Path, seconds: float = 2) -> list[Path]:
    """A whole file of each kind: a buzz that comes and goes, and a test picture."""
    import imageio_ffmpeg

    sound = f"aevalsrc='0.3*sin(2*PI*(120+40*sin(5*t))*t)*(1+sin(9*t))/2+0.01*random(0)':d={seconds}"
    inputs = ["-f", "lavfi", "-i", sound, "-f", "lavfi", "-i", f"testsrc=d={seconds}:s=64x64:r=10"]
    files = []
    for name, settings in KINDS.items():
        files.append(folder / name)
        maps = ["-map", "0", "-map", "1"] if name.endswith(".mp4") else ["-map", "0"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *inputs, *maps]
        subprocess.run([*command, *settings, str(files[-1])], check=True)
    return files
