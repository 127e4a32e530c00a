"""Clusters: what shares a recording is one witness, however many names it has."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.evaluation.statistics import clusters, intervals

from ...scored import made_scores


def plain(voices: list[str], tracks: list[str]) -> list[set[int]]:
    """Sets of clips, merged until nothing more touches."""
    found: list[set[int]] = []
    for clip in range(len(voices)):
        touching = [
            one
            for one in found
            if any(
                voices[clip] == voices[other] or (tracks[clip] and tracks[clip] == tracks[other])
                for other in one
            )
        ]
        found = [one for one in found if one not in touching] + [{clip}.union(*touching)]
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "t1", "t2", "t3", "t4"])), min_size=1
    )
)
def test_clusters_are_what_is_joined_by_voices_and_tracks(clips: list[tuple[str, str]]) -> None:
    voices, tracks = (list(each) for each in zip(*clips, strict=True))
    cluster = clusters(voices, tracks)
    ours = {frozenset(np.flatnonzero(cluster == number).tolist()) for number in set(cluster.tolist())}
    assert ours == {frozenset(one) for one in plain(voices, tracks)}
    assert sorted(set(cluster.tolist())) == list(range(len(ours)))


def test_without_tracks_a_cluster_is_a_voice() -> None:
    voices = ["clip:1", "anna", "clip:2", "anna"]
    assert clusters(voices).tolist() == clusters(voices, ["", "Unknown", "nan", " "]).tolist() == [1, 0, 2, 0]


def test_one_recording_under_many_names_is_drawn_once() -> None:
    """Twenty names on four recordings: as wide as four voices, not as narrow as twenty."""
    rng = np.random.default_rng(0)
    names, track = np.arange(20).astype(str), np.arange(20) % 4
    scores = (rng.random(4) < 0.5).astype(float)[track] * 0.8 + rng.random(20) * 0.1
    labels = np.zeros(20, int)
    joined = intervals(labels, scores, clusters(names, track), 0.5)["false_alarm_rate"]
    by_track = intervals(labels, scores, track, 0.5)["false_alarm_rate"]
    by_name = intervals(labels, scores, names, 0.5)["false_alarm_rate"]
    assert joined == by_track and joined and by_name
    assert joined[1] - joined[0] > 1.5 * (by_name[1] - by_name[0])


def test_tracks_that_join_nothing_change_nothing() -> None:
    """The very same draws: a table that also knows its recordings has the same figures."""
    scores = made_scores()
    fixed = (scores["label"], scores["p_fake"])
    by_cluster = intervals(*fixed, clusters(scores["voice"], scores["clip"]), 0.5)
    assert by_cluster == intervals(*fixed, scores["voice"], 0.5)
