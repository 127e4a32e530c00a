"""Choose a run's threshold anew: `python scripts/tune_threshold.py RUN [--beta 2] [--max-false-alarm X]`."""

from __future__ import annotations

import sys

from deepfake_audio.tune import main

if __name__ == "__main__":
    sys.exit(main())
