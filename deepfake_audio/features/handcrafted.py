"""The 26 figures a second by which DEEP-VOICE describes speech: chroma, loudness, the spectrum's shape and MFCCs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad
from torchaudio.functional import create_dct, melscale_fbanks

from ..errors import UserError
from .front_end import FrontEnd, valid_frames
from .pitch_classes import PitchClasses

MFCCS = 20
# As DEEP-VOICE's table calls them, in its order.
COLUMNS = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    *(f"mfcc{number}" for number in range(1, MFCCS + 1)),
)
MEL_BANDS = 128
# Levels further below the loudest cell of their second are lifted to this.
DYNAMIC_RANGE_DB = 80.0
# Below this power a cell is silence.
LEAST_POWER = 1e-10
# Share of a frame's magnitude that lies below its roll-off.
ROLLOFF_SHARE = 0.85
# A sample nearer to zero has no sign.
NO_SIGN = 1e-10


class Handcrafted(FrontEnd):
    """One column a second of the window, each row the mean of one figure over that second's frames.

    Each second is measured by itself, as if it were a clip. The last part of a second counts from half a second on;
    a clip always has one column at least. Nothing is standardised: the networks for tables do that, by what they
    were fitted to.
    """

    zero_is_mean = False

    def __init__(self, sample_rate: int = 16_000, n_fft: int = 2048, frame_hop_samples: int = 512) -> None:
        super().__init__()
        if not 64 <= n_fft <= sample_rate or not 1 <= frame_hop_samples <= n_fft:
            raise UserError(
                f"features: n_fft={n_fft} must be from 64 to sample_rate={sample_rate}, and "
                f"frame_hop_samples={frame_hop_samples} from 1 to n_fft"
            )
        self.sample_rate = sample_rate
        self.hop_samples = sample_rate
        self.n_fft = n_fft
        self.frame_hop_samples = frame_hop_samples
        self.pitch_classes = PitchClasses(sample_rate, n_fft)
        bands = melscale_fbanks(
            n_fft // 2 + 1, 0.0, sample_rate / 2, MEL_BANDS, sample_rate, norm="slaney", mel_scale="slaney"
        )
        self._constant("hz", torch.arange(n_fft // 2 + 1) * (sample_rate / n_fft))
        self._constant("window", torch.hann_window(n_fft))
        self._constant("mel_bands", bands)
        self._constant("cosines", create_dct(MFCCS, MEL_BANDS, norm="ortho"))

    hz: Tensor  # [n_fft // 2 + 1]
    window: Tensor  # [n_fft]
    mel_bands: Tensor  # [n_fft // 2 + 1, MEL_BANDS]
    cosines: Tensor  # [MEL_BANDS, MFCCS]

    def _constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value, persistent=False)

    @property
    def bins(self) -> int:
        """One row a figure."""
        return len(COLUMNS)

    def frames(self, samples: Tensor) -> Tensor:
        """Seconds that count, the last from its half on: [B] samples -> [B]."""
        half = self.sample_rate // 2
        return torch.div(samples + half, self.sample_rate, rounding_mode="floor").clamp_min(1)

    def frame_seconds(self, frames: int) -> Tensor:
        """The middle of each second: [frames]."""
        return torch.arange(frames, dtype=torch.float64) + 0.5

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, 26, seconds] and its valid seconds [B]."""
        total = int(self.frames(torch.tensor(waveform.shape[1])))
        whole = total * self.sample_rate
        heard = (waveform * valid_frames(samples, waveform.shape[1])).float()
        seconds = pad(heard, (0, whole - heard.shape[1])).reshape(-1, self.sample_rate)
        begin = torch.arange(total, device=samples.device) * self.sample_rate
        lengths = (samples.unsqueeze(1) - begin).clamp(0, self.sample_rate).reshape(-1)
        # A power spectrum spans more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            figures = self._figures(seconds, lengths)
        frames = self.frames(samples)
        picture = figures.reshape(len(waveform), total, len(COLUMNS)).transpose(1, 2)
        return picture * valid_frames(frames, total).unsqueeze(1), frames

    def _figures(self, seconds: Tensor, lengths: Tensor) -> Tensor:
        """Seconds [N, T] of which `lengths` [N] samples count -> the mean of each figure, [N, 26]."""
        framed = self._framed(seconds)
        spectrum = torch.fft.rfft(framed * self.window).abs()
        counted = torch.div(lengths, self.frame_hop_samples, rounding_mode="floor") + 1
        valid = valid_frames(counted, framed.shape[1]).unsqueeze(2)
        power = (spectrum * valid).square()
        rows = torch.cat(
            [
                self.pitch_classes(power).mean(dim=2, keepdim=True),
                framed.square().mean(dim=2, keepdim=True).sqrt(),
                self._shape(spectrum),
                self._crossings(seconds, lengths),
                self._mfcc(power),
            ],
            dim=2,
        )
        return (rows * valid).sum(dim=1) / valid.sum(dim=1)

    def _framed(self, values: Tensor) -> Tensor:
        """Frames centred on each hop, silence around: [N, T] -> [N, frames, n_fft]."""
        around = pad(values, (self.n_fft // 2, self.n_fft // 2))
        return around.unfold(1, self.n_fft, self.frame_hop_samples)

    def _shape(self, spectrum: Tensor) -> Tensor:
        """Centroid, bandwidth and roll-off in hertz: [N, frames, bins] -> [N, frames, 3]."""
        total = spectrum.sum(dim=2, keepdim=True)
        share = spectrum / total.clamp_min(torch.finfo(torch.float32).tiny)
        centroid = (share * self.hz).sum(dim=2, keepdim=True)
        bandwidth = (share * (self.hz - centroid).square()).sum(dim=2, keepdim=True).sqrt()
        risen = spectrum.double().cumsum(dim=2)
        below = (risen < ROLLOFF_SHARE * risen[..., -1:]).sum(dim=2, keepdim=True)
        return torch.cat([centroid, bandwidth, self.hz[below]], dim=2)

    def _crossings(self, seconds: Tensor, lengths: Tensor) -> Tensor:
        """Share of a frame's samples that have another sign than the one before: -> [N, frames, 1]."""
        negative = seconds < -NO_SIGN
        crossed = pad((negative[:, 1:] != negative[:, :-1]).float(), (1, 0))
        # The silence after a clip's last sample has no sign that counts.
        crossed = crossed * valid_frames(lengths, crossed.shape[1])
        return self._framed(crossed)[..., 1:].sum(dim=2, keepdim=True) / self.n_fft

    def _mfcc(self, power: Tensor) -> Tensor:
        """[N, frames, bins], zero in frames that don't count -> [N, frames, MFCCS]."""
        level_db = 10 * torch.log10((power @ self.mel_bands).clamp_min(LEAST_POWER))
        loudest = level_db.amax(dim=(1, 2), keepdim=True)
        return torch.maximum(level_db, loudest - DYNAMIC_RANGE_DB) @ self.cosines
