"""Whose share a clip is in: equal shares, each clip in one, whatever the order of the table."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.errors import UserError
from deepfake_audio.sharding import Shard, asked_shard, holding

NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=60, unique=True)


@given(NAMES, st.integers(1, 9), st.randoms())
def test_each_clip_is_in_one_of_equal_shares_whatever_the_order(
    names: list[str], of: int, rng: random.Random
) -> None:
    of = min(of, len(names))
    shares = [Shard(number, of).rows(names) for number in range(of)]
    assert sorted(np.concatenate(shares)) == list(range(len(names)))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all((np.diff(share) > 0).all() for share in shares), "the order of the table"
    other = rng.sample(names, len(names))
    for number, share in enumerate(shares):
        assert {other[row] for row in Shard(number, of).rows(other)} == {names[row] for row in share}


def test_neighbours_are_spread_over_all_shards() -> None:
    """Clips that lie together are alike in length: a shard that had them all would end long after the others."""
    first = [
        np.sum(Shard(number, 4).rows([f"clip{n:04d}" for n in range(4000)]) < 1000) for number in range(4)
    ]
    assert min(first) > 200


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((4, 4), "shard=4 shards=4: shards are counted from 0"),
        ((-1, 4), "counted from 0"),
        ((True, 4), "counted from 0"),
        ((0.0, 4), "counted from 0"),
        ((1, None), "shard=1 shards=null: give both"),
        ((None, 4), "shard=null shards=4: give both"),
    ],
)
def test_what_names_no_shard_is_refused(asked: tuple[Any, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        asked_shard(*asked)


def test_more_shards_than_clips_are_refused() -> None:
    assert asked_shard(None, None) is None
    with pytest.raises(UserError, match=r"shards=3 is more than there are clips \(2\)"):
        Shard(0, 3).rows(["a", "b"])


def test_shards_share_a_folder_and_nobody_else_is_let_in(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with holding(out, Shard(0, 2), "extraction") as one, holding(out, Shard(1, 2), "extraction") as other:
        assert one != other, "what is in the making lies apart"
        with pytest.raises(UserError, match="another extraction of this shard"), holding(
            out, Shard(0, 2), "extraction"
        ):  # fmt: skip
            pass
        with pytest.raises(UserError, match="is in use"), holding(out, None, "extraction"):
            pass
    with (
        holding(out, None, "extraction"),
        pytest.raises(UserError, match="is in use"),
        holding(out, Shard(0, 2), "extraction"),
    ):
        pass
