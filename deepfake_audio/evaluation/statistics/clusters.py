"""What is drawn together: a voice, and whatever other voices share a recording with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...clips import NOTHING


def clusters(voices: ArrayLike, tracks: ArrayLike | None = None) -> NDArray[np.intp]:
    """The cluster of each clip [N]: clips of one voice or of one track are in one, and so is all they lead to.

    One recording under two voices' names is no second witness. A blank track (or "unknown") joins nothing.
    """
    names, voice = np.unique(np.asarray(voices, dtype=str), return_inverse=True)
    if tracks is None:
        return voice
    cells = np.asarray(tracks).astype(str)
    recordings, track = np.unique(np.char.strip(cells), return_inverse=True)
    known = ~np.isin(np.char.lower(recordings), NOTHING)[track]
    # Voices and tracks are the nodes of one graph; a clip is an edge.
    nodes = len(names) + len(recordings)
    edges = (np.ones(int(known.sum()), dtype=np.int8), (voice[known], len(names) + track[known]))
    component = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)[1]
    return np.unique(component[voice], return_inverse=True)[1]
