"""AASIST against its published weights and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from deepfake_audio.audio import padded
from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.models import build_network
from deepfake_audio.models.aasist import AASIST
from deepfake_audio.models.graphs import GraphAttention, GraphPool, MixedGraphAttention

# What the authors cut or repeat each clip to.
WINDOW_SAMPLES = 64_600
# Of a published score, on another machine and another version of torch.
TOLERANCE = 0.0025
PUBLISHED = {"aasist": "AASIST.pth", "aasist-l": "AASIST-L.pth"}


@pytest.fixture(scope="module")
def evaluation(bench: Path) -> tuple[pd.DataFrame, Tensor, Tensor]:
    """The bench's clips of ASVspoof's evaluation with their published scores, and what the network hears of them."""
    soundfile = pytest.importorskip("soundfile")
    scores = pd.read_csv(
        bench / "scores" / "aasist-l_asvspoof2019_la_eval.txt",
        sep=" ",
        names=["utterance", "system", "key", "score"],
    ).set_index("utterance")
    clips = pd.read_csv(bench / "speech" / "clips.csv")
    clips["utterance"] = clips["clip"].str.extract(r"(LA_E_\d+)", expand=False)
    clips = clips[clips["utterance"].isin(scores.index)]
    clips = clips.assign(score=scores["score"].reindex(clips["utterance"]).to_numpy())
    waves = [soundfile.read(bench / "speech" / path, dtype="float32")[0] for path in clips["path"]]
    cut = [wave[:WINDOW_SAMPLES] for wave in waves]
    samples = torch.tensor([len(wave) for wave in cut])
    waveforms = torch.from_numpy(np.stack([padded(wave, WINDOW_SAMPLES) for wave in cut]))
    return clips, *build_features("waveform")(waveforms, samples)


def published(name: str, bench: Path) -> AASIST:
    network = build_network(name).eval()
    network.load_pretrained(bench / "weights" / "aasist" / PUBLISHED[name])
    assert isinstance(network, AASIST)
    return network


def off_by(network: AASIST, heard: tuple[pd.DataFrame, Tensor, Tensor], places: list[int]) -> float:
    """How far scores lie from the published ones, which are the network's answer for real alone.

    Ours is its answer for fake less that, and must have the right sign.
    """
    clips, features, frames = heard
    with torch.inference_mode():
        logits, embedding = network.with_embedding(features[places], frames[places])
        last = network.head[-1]
        fake, real = torch.nn.functional.linear(embedding, last.weight, last.bias).unbind(1)
    assert torch.allclose(logits, fake - real, atol=1e-4)
    assert ((logits > 0).numpy() == (clips["label"].to_numpy()[places] == "fake")).all()
    return float((real - torch.tensor(clips["score"].to_numpy()[places])).abs().max())


def test_published_scores_are_reproduced(
    bench: Path, evaluation: tuple[pd.DataFrame, Tensor, Tensor]
) -> None:
    """On real clips shorter and longer than the window, and on fakes of several systems."""
    places = [0, 2, 8, 9, 13]
    clips = evaluation[0].iloc[places]
    assert clips["system"].nunique() == 4 and clips["seconds"].min() < 4.0375 < clips["seconds"].max()
    assert off_by(published("aasist-l", bench), evaluation, places) < TOLERANCE


@pytest.mark.slow  # half a second of one core for each of 18 clips, and more for the large network
def test_published_scores_of_all_clips_are_reproduced(
    bench: Path, evaluation: tuple[pd.DataFrame, Tensor, Tensor]
) -> None:
    everything = list(range(len(evaluation[0])))
    assert len(everything) == 18
    assert off_by(published("aasist-l", bench), evaluation, everything) < TOLERANCE
    # Scores of the large one were not published, but every fake of its own corpus lies above every real clip.
    clips, features, frames = evaluation
    with torch.inference_mode():
        logits = published("aasist", bench)(features, frames).numpy()
    fake = clips["label"].to_numpy() == "fake"
    assert logits[fake].min() > logits[~fake].max() + 5


@pytest.mark.parametrize(
    ("name", "parameters", "unused"), [("aasist", 297_866, 512), ("aasist-l", 85_306, 272)]
)
def test_as_many_parameters_as_published(name: str, parameters: int, unused: int) -> None:
    """But for five normalisations in the published files that their network makes no use of."""
    assert sum(p.numel() for p in build_network(name).parameters()) == parameters - unused


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_files_hold_what_they_are_said_to(name: str, bench: Path) -> None:
    state = torch.load(bench / "weights" / "aasist" / PUBLISHED[name], map_location="cpu", weights_only=True)
    learnt = {key: value for key, value in state.items() if "running" not in key and "batches" not in key}
    unused = {key: value for key, value in learnt.items() if ".bn1." in key}
    assert sum(value.numel() for value in learnt.values()) == {"aasist": 297_866, "aasist-l": 85_306}[name]
    # As they were made: nothing ever moved them.
    assert all(set(value.tolist()) == {float(key.endswith("weight"))} for key, value in unused.items())
    network = published(name, bench)
    assert torch.equal(network.filters.taps, build_network(name).filters.taps)
    assert torch.equal(network.head[-1].weight, state["out_layer.weight"])


def test_weights_that_do_not_fit(bench: Path, tmp_path: Path) -> None:
    torch.save({"layer": torch.zeros(1)}, tmp_path / "other.pth")
    weights = bench / "weights" / "aasist"
    for name, file in (("aasist", weights / "AASIST-L.pth"), ("aasist-l", tmp_path / "other.pth")):
        with pytest.raises(UserError, match=rf"does not fit model={name}"):
            build_network(name).load_pretrained(file)
    with pytest.raises(UserError, match=r"model\.weights=FILE"):
        build_network("aasist").load_pretrained(None)


def test_another_head_keeps_its_own_weights(bench: Path) -> None:
    network = build_network("aasist-l", head="cosine")
    before = {key: value.clone() for key, value in network.head.state_dict().items()}
    network.load_pretrained(bench / "weights" / "aasist" / "AASIST-L.pth")
    assert all(torch.equal(value, before[key]) for key, value in network.head.state_dict().items())
    same = published("aasist-l", bench)
    assert torch.equal(network.branches[1].stack, same.branches[1].stack)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = build_network("aasist-l", graph_dropout=0.0, pool_dropout=0.0, dropout=0.0).train()
    network(torch.randn(3, 1, 5_000), torch.tensor([5_000, 3_000, 4_000])).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    # A bias that a normalisation follows has no slope but rounding.
    learns = {
        name for name, p in network.named_parameters() if p.grad is not None and p.grad.abs().max() > 1e-6
    }
    rest = {name for name, _ in network.named_parameters()} - learns
    assert all(name.endswith("bias") for name in rest), rest


def test_what_fills_the_padding_is_not_heard_and_dropout_is_off() -> None:
    torch.manual_seed(0)
    network, frames = build_network("aasist-l").eval(), torch.tensor([3_000, 7_000])
    features = torch.randn(2, 1, 7_000)
    other = features.clone()
    other[0, :, 3_000:] = 5.0
    with torch.inference_mode():
        logits = network(features, frames)
        assert torch.equal(logits, network(other, frames))
        whole = features[:1, :, :3_000].repeat(1, 1, 3)[..., :7_000]
        assert torch.allclose(network(whole, frames[1:]), logits[:1], atol=1e-5)


def test_what_it_cannot_hear_is_refused() -> None:
    network = build_network("aasist-l")
    with pytest.raises(UserError, match=r"model=aasist-l hears the waveform.*80 rows: add features=waveform"):
        build_network("aasist-l", bins=80)
    with pytest.raises(UserError, match="add features=waveform"):
        network(torch.randn(1, 80, 400), torch.tensor([400]))
    with pytest.raises(UserError, match=r"2315 samples or more and got 2314: raise data\.window_seconds"):
        network(torch.randn(1, 1, 2314), torch.tensor([2314]))
    assert network.eval()(torch.randn(1, 1, 2315), torch.tensor([2315])).isfinite().all()
    with pytest.raises(UserError, match=r"model\.pool"):
        build_network("aasist", pool=[0.5, 0.0, 0.5])


def test_attention_knows_no_order_of_nodes() -> None:
    torch.manual_seed(0)
    nodes, order = torch.randn(2, 7, 5), torch.randperm(7)
    attention = GraphAttention(5, 4, temperature=2.0, dropout=0.2).eval()
    assert torch.allclose(attention(nodes[:, order]), attention(nodes)[:, order], atol=1e-6)
    mixed = MixedGraphAttention(5, 4, temperature=2.0, dropout=0.2).eval()
    others, stack = torch.randn(2, 3, 5), torch.randn(2, 1, 5)
    first, second, gathered = mixed(nodes, others, stack)
    turned = mixed(nodes[:, order], others, stack)
    for got, expected in zip(turned, (first[:, order], second, gathered), strict=True):
        assert torch.allclose(got, expected, atol=1e-6)
    assert (first.shape, second.shape, gathered.shape) == ((2, 7, 4), (2, 3, 4), (2, 1, 4))


def test_pooling_keeps_the_nodes_that_score_highest() -> None:
    pool = GraphPool(1, share=0.5, dropout=0.3).eval()
    torch.nn.init.ones_(pool.score.weight)
    torch.nn.init.zeros_(pool.score.bias)
    nodes = torch.tensor([[[1.0], [4.0], [-3.0], [2.0], [0.0]]])
    expected = torch.tensor([4.0, 2.0]) * torch.tensor([4.0, 2.0]).sigmoid()
    assert torch.allclose(pool(nodes)[0, :, 0], expected)
    assert GraphPool(1, share=0.1, dropout=0.0).eval()(nodes).shape == (1, 1, 1)
