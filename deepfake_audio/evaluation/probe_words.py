"""The probes by name, for readers; apart from the models, so that a page is drawn without loading them."""

from __future__ import annotations

# What each probe looks at, as it stands in a sentence after "a detector that only looks at".
WORDS = {
    "seconds": "the length",
    "samples_mod_1024": "the number of samples modulo 1,024",
    "leading_silence_seconds": "the silence before the speech",
    "trailing_silence_seconds": "the silence after the speech",
    "silence_share": "the share of silence",
    "leading_zeros_seconds": "the digital zeros at the start",
    "trailing_zeros_seconds": "the digital zeros at the end",
    "loudness_db": "the loudness",
    "peak_db": "the peak level",
    "clipped_share": "the share of clipped samples",
    "dc": "the constant offset",
    "noise_floor_db": "the noise floor",
    "bandwidth_hz": "the bandwidth",
    "rolloff_hz": "the 99 % roll-off frequency",
    "spectral_tilt_db_per_octave": "the tilt of the spectrum",
    "container": "the container of the source file",
    "codec": "the codec of the source file",
    "source_rate": "the sample rate of the source file",
    "source_channels": "the channels of the source file",
    "video_fps": "the frame rate of the video",
    "source_samples_mod_1024": "the number of samples in the source file modulo 1,024",
    "audio_minus_video_seconds": "how much longer the audio is than the video",
    "all": "all probes together",
}
