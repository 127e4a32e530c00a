"""Any convolutional backbone of timm on a spectrogram as a one-channel picture: VGG, Xception, ConvNeXt, ..."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from .network import PooledNetwork, repeated_over_padding
from .shown import check_picture
from .weights import read_weights

# A backbone is tried on a picture so much longer than high that its last maps, a 32nd of it, tell which is which.
LONGER = 70
# How the same layers are called by efficientnet_pytorch and by the lite weights that are spread with it.
OTHER_STEM = "_conv_stem.weight"


class Timm(PooledNetwork):
    """A backbone of timm without its classifier, mean over its maps, dropout, one logit.

    A clip shorter than the window is shown over and over until the window is full.

    Args:
        backbone: timm's name of it, also with the tag of its weights (`resnet18.a1_in1k`).
        bins: height of the features, to try the backbone on.
    """

    def __init__(self, backbone: str = "tf_efficientnet_lite0", bins: int = 80, dropout: float = 0.3) -> None:
        super().__init__()
        self.name = backbone
        self.body = _bare(backbone)
        width, self.stages = _tried(self.body, backbone, bins)
        # Nothing is done here: a place where explanations find the last maps.
        self.maps = nn.Identity()
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, 1))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> the mean of each map, [B, C]."""
        # Many backbones average over all frames in their blocks, so padding cannot be masked at the end.
        whole = repeated_over_padding(features, frames)
        return self.maps(self.body(whole.unsqueeze(1))).mean(dim=(2, 3))

    def mapped_layers(self) -> tuple[str, ...]:
        """The end of each stage that timm names, then `maps`, which is what the head averages."""
        return (*(f"body.{stage}" for stage in self.stages), "maps")

    def backbone(self) -> nn.Module:
        """Everything but our own head."""
        return self.body

    def load_pretrained(self, weights: Path | None) -> None:
        """timm's weights, the stem's filters summed over RGB: a grey picture gives what it gave before."""
        if weights is None:
            self.body.load_state_dict(_fetched(self.name).state_dict())
            return
        state = read_weights(weights)
        state = state.get("state_dict", state)
        if OTHER_STEM in state:
            state = _renamed(state, self.body)
        self.body.load_state_dict(_adapted(state, self.name, weights))


def _timm() -> Any:
    try:
        import timm
    except ImportError:
        raise UserError("model=timm needs timm: pip install 'deepfake-audio[timm]'") from None
    return timm


def _bare(name: str, **origin: Any) -> nn.Module:
    """The backbone up to its last maps, one channel in."""
    timm = _timm()
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=3, cutoff=0.4)
        like = f": did you mean {', '.join(near)}?" if near else ""
        raise UserError(f"model.backbone={name} is no backbone of timm{like}")
    body = timm.create_model(name, in_chans=1, num_classes=0, global_pool="", **origin)
    if hasattr(body, "pre_logits"):
        # VGG's are two layers of its classifier, and seven times all the rest.
        body.pre_logits = nn.Identity()
    return body


@torch.no_grad()
def _tried(body: nn.Module, name: str, bins: int) -> tuple[int, tuple[str, ...]]:
    """Its channels, and which of its stages show maps, by what it makes of a picture of zeros."""
    check_picture("timm", bins)
    names = [stage["module"] for stage in getattr(body, "feature_info", ()) or ()]
    seen: dict[str, Any] = {}
    hooks = [
        body.get_submodule(stage).register_forward_hook(
            lambda _module, _inputs, output, stage=stage: seen.update({stage: output})
        )
        for stage in names
        if _holds(body, stage)
    ]
    was = body.training
    try:
        # Of odd length, which shows what only takes pictures of chosen sizes.
        maps = body.eval()(torch.zeros(1, 1, bins, (bins | 1) + LONGER))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise UserError(
            f"model.backbone={name} takes no picture of {bins} rows and any length ({_short(error)}): choose a "
            "convolutional one that does, such as resnet18, or features with more rows"
        ) from None
    finally:
        body.train(was)
        for hook in hooks:
            hook.remove()
    if not _are_maps(maps):
        raise UserError(
            f"model.backbone={name} gives no maps over frequency and time: choose a convolutional one"
        )
    return maps.shape[1], tuple(stage for stage in names if _are_maps(seen.get(stage)))


def _holds(body: nn.Module, name: str) -> bool:
    return name in dict(body.named_modules())


def _are_maps(output: Any) -> bool:
    """[1, C, F'', T''], longer than high as the picture was."""
    return isinstance(output, Tensor) and output.ndim == 4 and output.shape[3] > output.shape[2]


def _fetched(name: str) -> nn.Module:
    """From timm's usual place or its cache."""
    try:
        return _bare(name, pretrained=True)
    except UserError:
        raise
    except Exception as error:  # whatever the hub's client raises where there is no network
        raise UserError(
            f"the weights of timm's {name} cannot be had ({_short(error)}): fetch them elsewhere and give "
            "model.weights=FILE, or train from random weights with model.pretrained=false"
        ) from None


def _adapted(state: dict[str, Any], name: str, file: Path) -> dict[str, Any]:
    """A file's weights as the bare backbone has them, by timm's own ways; all of them, or an error."""
    from timm.models import load_pretrained

    fresh = _bare(name)
    for value in fresh.state_dict().values():
        if value.is_floating_point():
            # timm passes over what is missing: what stays like this was not in the file.
            value.fill_(torch.nan)
    family = importlib.import_module(type(fresh).__module__)
    known = getattr(fresh, "pretrained_cfg", None) or {}
    try:
        load_pretrained(
            fresh,
            {**known, "source": "", "state_dict": state},
            num_classes=0,
            in_chans=1,
            filter_fn=getattr(family, "checkpoint_filter_fn", None),
        )
    except (RuntimeError, KeyError, ValueError, AttributeError) as error:
        raise UserError(f"model.weights={file} does not fit timm's {name}: {_short(error)}") from None
    loaded = fresh.state_dict()
    missing = [key for key, value in loaded.items() if value.isnan().any()]
    if missing:
        raise UserError(f"model.weights={file} does not fit timm's {name}: {missing[0]} is missing")
    return loaded


def _renamed(state: dict[str, Any], body: nn.Module) -> dict[str, Any]:
    """Weights under efficientnet_pytorch's names under timm's: both list the same layers in the same order."""
    names = list(body.state_dict())
    values = [value for key, value in state.items() if not key.startswith("_fc.")]
    # Of another EfficientNet there are more or fewer; timm then says what is missing.
    return dict(zip(names, values, strict=False))


def _short(error: BaseException) -> str:
    """The first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next(
        (line for line in lines if "size mismatch" in line or "Missing" in line), lines[0] if lines else ""
    )
    return (told or type(error).__name__)[:200]
