"""`python tests/sharing/ask.py share ...` runs that verb; `... NAME...` says each detector's answer to noise.

The hub's client reads where the hub is when it is imported, so here it is imported anew.
"""

from __future__ import annotations

import runpy
import sys

for module in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
    del sys.modules[module]

import numpy as np  # noqa: E402

from deepfake_audio.errors import UserError  # noqa: E402
from deepfake_audio.sharing import from_pretrained  # noqa: E402

if sys.argv[1] == "share":
    del sys.argv[0]
    runpy.run_module("deepfake_audio.share", run_name="__main__", alter_sys=True)
for name in sys.argv[1:]:
    try:
        noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
        print(f"{from_pretrained(name).predict_waveform(noise).logit:.6f}")
    except UserError as error:
        print(f"error: {error}")
