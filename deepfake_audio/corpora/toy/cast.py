"""Who is in the toy corpus and which videos it has: the whole plan, from the seed, before any sound is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ...forging.frames import SAMPLE_RATE_HZ

FRAMES_PER_SECOND = 25
# One video frame of sound: every clip is whole frames, so that the container can't tell real from fake.
FRAME_SAMPLES = SAMPLE_RATE_HZ // FRAMES_PER_SECOND

RACES = ("African", "Asian (East)", "Asian (South)", "Caucasian (American)", "Caucasian (European)")
GENDERS = ("men", "women")
GROUPS = [(race, gender) for race in RACES for gender in GENDERS]

TYPES = {
    "A": "RealVideo-RealAudio",
    "B": "RealVideo-FakeAudio",
    "C": "FakeVideo-RealAudio",
    "D": "FakeVideo-FakeAudio",
}
FAKE_AUDIO = ("B", "D")
VOCODER_OF_VOICE = ("griffinlim", "lpc")

# Of a voice's own tracks; no clip is shorter than two seconds.
TRACK_FRAMES = (75, 101)
SHORTEST_CLIP_FRAMES = 50

NO_SOUND, TRUNCATED, EMPTY = "no sound", "truncated", "empty"


@dataclass(frozen=True)
class Voice:
    """A person of the corpus: as a source of videos a face, in the sound a voice."""

    seed: int
    number: int
    identity: str
    race: str
    gender: str
    vocoder: str
    frames: int  # of its two tracks
    clip: str  # the number that its file names begin with


@dataclass(frozen=True)
class Clip:
    """One file and its row or rows in the metadata."""

    category: str
    source: Voice
    voice: Voice
    name: str
    methods: tuple[str, ...]
    targets: tuple[str, str]
    start: int  # frames into the voice's track
    frames: int
    defect: str = ""

    @property
    def folder(self) -> str:
        return f"{TYPES[self.category]}/{self.source.race}/{self.source.gender}/{self.source.identity}"

    @property
    def path(self) -> str:
        """Relative to the root of the corpus."""
        return f"{self.folder}/{self.name}"

    def rows(self) -> list[list[str]]:
        """As the official metadata has them: nine named cells and the folder."""
        source = self.source
        return [
            [
                source.identity, *self.targets, method, self.category, TYPES[self.category],
                source.race, source.gender, self.name, f"FakeAVCeleb/{self.folder}",
            ]
            for method in self.methods
        ]  # fmt: skip


def draw_cast(voices: int, seed: int) -> list[Voice]:
    """As many men as women of each race; each system fakes half of each group, as far as that goes."""
    rng = np.random.default_rng([seed, voices])
    identities = rng.choice(9_000, voices, replace=False)
    cast = []
    for number in range(voices):
        race, gender = GROUPS[number % len(GROUPS)]
        cast.append(
            Voice(
                seed=seed,
                number=number,
                identity=f"id{identities[number]:05d}",
                race=race,
                gender=gender,
                vocoder=VOCODER_OF_VOICE[(number + number // len(GROUPS)) % len(VOCODER_OF_VOICE)],
                frames=int(rng.integers(*TRACK_FRAMES)),
                clip=f"{rng.integers(1, 400):05d}",
            )
        )
    return cast


def plan_clips(cast: list[Voice], seed: int) -> list[Clip]:
    """Every file of the corpus, its planted defects among them."""
    rng = np.random.default_rng([seed, len(cast), 2])
    clips: list[Clip] = []
    for voice in cast:
        group = [other for other in cast if (other.race, other.gender) == (voice.race, voice.gender)]
        clips += _clips_of(rng, voice, group)
    return clips + _broken_clips(rng, cast)


def _clips_of(rng: Generator, source: Voice, group: list[Voice]) -> list[Clip]:
    """The six files of a source: what it is, what was cloned, and two swaps of each label."""
    me = group.index(source)
    near, far = (group[(me + step) % len(group)] for step in (1, 2))
    swap = ("faceswap", "fsgan")[source.number // len(GROUPS) % 2]
    swapped = f"{source.clip}_{far.identity}_{_film(rng)}" + ("_faceswap" if swap == "faceswap" else "")
    # As 960 names of the real corpus, some stand in C and in D: only the folder tells real sound from fake.
    donor = near if source.number % 7 == 0 else far
    # As 22 files of the real corpus, two have a second row under another method.
    methods = ("faceswap-wav2lip", "wav2lip") if source.number < 2 else ("wav2lip",)
    second_target = "faceswap" if swap == "faceswap" else near.identity
    # A swap is no longer than the videos that it is made of; C and D are cut to the same lengths.
    shortest = min(source.frames, near.frames, far.frames)
    lips_frames, swap_frames = rng.integers(SHORTEST_CLIP_FRAMES, shortest + 1, 2).tolist()

    def clip(
        category: str,
        name: str,
        methods: tuple[str, ...],
        targets: tuple[str, str],
        voice: Voice,
        frames: int,
    ) -> Clip:
        start = int(rng.integers(voice.frames - frames + 1))
        return Clip(category, source, voice, name, methods, targets, start, frames)

    number, both = source.clip, source.frames
    return [
        clip("A", f"{number}.mp4", ("real",), ("-", "-"), source, both),
        clip("B", f"{number}_fake.mp4", ("rtvc",), ("fake.mp4", "-"), source, both),
        clip(
            "C",
            f"{number}_{near.identity}_wavtolip.mp4",
            ("wav2lip",),
            (near.identity, "-"),
            near,
            lips_frames,
        ),
        clip("C", f"{swapped}.mp4", (swap,), (far.identity, "-"), source, swap_frames),
        clip(
            "D", f"{number}_{donor.identity}_wavtolip.mp4", methods, (donor.identity, "-"), donor, lips_frames
        ),
        clip(
            "D",
            f"{swapped}_{near.identity}_wavtolip.mp4",
            (f"{swap}-wav2lip",),
            (far.identity, second_target),
            near,
            swap_frames,
        ),
    ]


def _broken_clips(rng: Generator, cast: list[Voice]) -> list[Clip]:
    """Three more files, that no extractor can read; their voices have others."""
    clips = []
    for source, category, defect in zip(cast[2:], "CDC", (NO_SOUND, TRUNCATED, EMPTY), strict=False):
        name, method = f"{source.clip}_{source.identity}_{_film(rng)}", "fsgan"
        if category == "D":
            name, method = f"{name}_{source.identity}_wavtolip", "fsgan-wav2lip"
        targets = (source.identity, source.identity if category == "D" else "-")
        clips.append(
            Clip(category, source, source, f"{name}.mp4", (method,), targets, 0, SHORTEST_CLIP_FRAMES, defect)
        )
    return clips


def _film(rng: Generator) -> str:
    """Eleven characters, as the film that a face was taken from is named."""
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
    return "".join(rng.choice(letters, 11))
