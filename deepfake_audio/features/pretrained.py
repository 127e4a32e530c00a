"""Models of transformers as they lie in a folder or on the hub: what they are, and their weights."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError

# In training they hide parts of what they hear by draws of numpy's, and leave layers out. We have augmentations
# of our own, whose draws can be repeated, and a frozen encoder must not stir.
WITHOUT_DRAWS = {
    "apply_spec_augment": False,
    "mask_time_prob": 0.0,
    "mask_feature_prob": 0.0,
    "layerdrop": 0.0,
    "encoder_layerdrop": 0.0,
}


def read_config(path: str) -> dict[str, Any]:
    """A model's config as plain values, from a folder of transformers or from the hub."""
    try:
        config = transformers_itself().AutoConfig.from_pretrained(path)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"features.path={path} is no model of transformers: {_first_line(error)}") from None
    plain: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    return plain


def read_preprocessing(path: str) -> dict[str, Any]:
    """What a model's extractor says of the samples it wants; nothing where there is none."""
    try:
        found, _ = transformers_itself().FeatureExtractionMixin.get_feature_extractor_dict(path)
    except (OSError, ValueError):
        return {}
    return dict(found)


def shaped_config(config: dict[str, Any], depth: int | None) -> tuple[Any, int]:
    """The config of as many layers as are wanted, and how many the model has."""
    made = transformers_itself().AutoConfig.for_model(**config)
    layers = int(made.num_hidden_layers)
    if depth is not None and depth > layers:
        raise UserError(f"features.layers={depth} is more than this model has: it has {layers}")
    for name, value in WITHOUT_DRAWS.items():
        if hasattr(made, name):
            setattr(made, name, value)
    if depth is not None:
        made.num_hidden_layers = depth
    return made, layers


def pretrained_weights(kind: Any, path: str, config: Any) -> dict[str, Tensor]:
    """Every weight that a model of this kind and config has, or an error."""
    logging = transformers_itself().logging
    told = logging.get_verbosity()
    # What is left out (a decoder, layers above) is left out on purpose.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        body, notes = kind.from_pretrained(
            path,
            config=config,
            dtype=torch.float32,
            key_mapping={r"^(model\.)?encoder\.": ""} if config.model_type == "whisper" else None,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(f"the weights of features.path={path} cannot be had: {_first_line(error)}") from None
    finally:
        logging.set_verbosity(told)
        logging.enable_progress_bar()
    lacking = sorted(notes["missing_keys"]) or sorted(str(key) for key in notes["mismatched_keys"])
    if lacking:
        raise UserError(f"features.path={path} does not hold its model's weights: {lacking[0]} is missing")
    state: dict[str, Tensor] = body.state_dict()
    return state


def transformers_itself() -> Any:
    """The package, or an error that says how to get it."""
    try:
        import transformers
    except ImportError:
        raise UserError("features=ssl needs transformers: pip install 'deepfake-audio[ssl]'") from None
    return transformers


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
