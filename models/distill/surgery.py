"""A network of the teacher's architecture: some of its layers with their weights, or another size.

What a configuration says of layers and sizes differs by architecture. So the student is always
built anew, from a configuration as a file would hold it, and weights are copied only if each has
its place: what cannot be done like that is refused.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mashbill.models.errors import ModelError, first_line

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

LAYERS, SIZE = "distill.student.layers", "distill.student"
# Names that transformers translates for every architecture.
DEPTH, WIDTH, HEADS = "num_hidden_layers", "hidden_size", "num_attention_heads"
# Names that differ, or that only some architectures have.
INNER = ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim", "d_inner", "dff")
AS_WIDE = ("pooler_hidden_size", "embedding_size", "word_embed_proj_dim")
OF_A_HEAD = ("head_dim", "d_head", "attention_head_size", "kv_channels")
KEY_HEADS = ("num_key_value_heads", "num_kv_heads")
ACTIVATION = ("hidden_act", "activation", "hidden_activation", "activation_function")
NO_LAYERS = ("architectures", "block_sizes", "axial_pos_shape")  # lists of something else


class Size(NamedTuple):
    """Of a network; `activation` None leaves the architecture's own."""

    depth: int
    width: int
    heads: int
    activation: str | None = None


def with_layers(
    model: "PreTrainedModel", layers: Sequence[int], auto_class: Any
) -> "PreTrainedModel":
    """A classifier of these layers of another, in this order, with their weights and all others.

    Args:
        auto_class: that makes such a classifier of a configuration.

    Raises ModelError if a layer is not there, or the architecture cannot be cut like that.
    """
    kind, settings = _open(model.config, LAYERS)
    depth = settings[_native(model.config, settings, DEPTH, LAYERS)]
    if bad := [layer for layer in layers if layer >= depth]:
        raise ModelError(
            f"{LAYERS}: the {kind} teacher has no layer {bad[0]}; it has 0 to {depth - 1}"
        )
    stacks = _stacks(model, depth)
    if not stacks and settings.get("num_hidden_groups") != 1:  # one layer that is used again
        raise ModelError(f"{LAYERS}: cannot tell which modules of a {kind} model are its layers")
    settings = _of_layers(model.config, settings, layers, LAYERS)
    student = _built(model.config, settings, LAYERS, auto_class)
    weights = _renamed(model.state_dict(), stacks, layers)
    _check_places(weights, student.state_dict(), kind, layers)
    student.load_state_dict(weights)
    return student.eval()


def of_size(config: "PreTrainedConfig", size: Size, auto_class: Any) -> "PreTrainedModel":
    """A classifier with random weights, like `config` in all that has nothing to do with its size.

    What is as wide as the model stays so; inner layers and key heads keep their proportion.

    Raises ModelError if the architecture cannot have that size, or has no such setting.
    """
    _, settings = _open(config, SIZE)
    depth, width, heads = (_native(config, settings, name, SIZE) for name in (DEPTH, WIDTH, HEADS))
    old = Size(settings[depth], settings[width], settings[heads])
    layers = [layer % old.depth for layer in range(size.depth)]
    new = _of_layers(config, settings, layers, SIZE) | {width: size.width, heads: size.heads}
    for name in _there(settings, AS_WIDE):
        if settings[name] == old.width:
            new[name] = size.width
    for name in _there(settings, INNER):
        new[name] = max(1, settings[name] * size.width // old.width)
    for name in _there(settings, OF_A_HEAD):
        new[name] = size.width // size.heads
    for name in _there(settings, KEY_HEADS):
        new[name] = math.gcd(size.heads, max(1, settings[name] * size.heads // old.heads))
    if size.activation is not None:
        new[_activation(config, settings)] = size.activation
    return _built(config, new, SIZE, auto_class)


def _open(config: "PreTrainedConfig", key: str) -> tuple[str, dict[str, Any]]:
    """The kind of a model, and its settings by the names that a file has."""
    kind = config.model_type
    if config.is_encoder_decoder or config.get_text_config() is not config:
        parts = "an encoder and a decoder" if config.is_encoder_decoder else "several parts"
        raise ModelError(
            f"{key}: a {kind} model has {parts} instead of one stack of layers; name "
            "a smaller checkpoint in distill.student.model"
        )
    return kind, config.to_dict()


def _there(settings: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [name for name in names if settings.get(name) is not None]


def _native(config: "PreTrainedConfig", settings: Mapping[str, Any], name: str, key: str) -> str:
    """What the architecture calls a setting."""
    native = config.attribute_map.get(name, name)
    if not isinstance(settings.get(native), int):
        raise ModelError(f"{key}: a {config.model_type} model has no setting for {name}")
    return native


def _activation(config: "PreTrainedConfig", settings: Mapping[str, Any]) -> str:
    """What the architecture calls the activation inside a block."""
    names = _there(settings, ACTIVATION)
    if not names:
        raise ModelError(f"{SIZE}: a {config.model_type} model has no setting for hidden_act")
    return names[0]


def _of_layers(
    config: "PreTrainedConfig", settings: Mapping[str, Any], layers: Sequence[int], key: str
) -> dict[str, Any]:
    """The settings of a model of other layers: lists with an entry for each follow."""
    name = _native(config, settings, DEPTH, key)
    depth = settings[name]
    lists = {
        entry: [value[layer] for layer in layers]
        for entry, value in settings.items()
        if isinstance(value, list) and len(value) == depth and entry not in NO_LAYERS
    }
    return {**settings, **lists, name: len(layers)}


def _built(
    config: "PreTrainedConfig", settings: dict[str, Any], key: str, auto_class: Any
) -> "PreTrainedModel":
    """A classifier of the same architecture; what the library says against it is an error."""
    try:
        new = type(config).from_dict(settings)
        return auto_class.from_config(new, dtype="float32")
    except Exception as error:  # whatever an architecture checks
        raise ModelError(
            f"{key}: a {config.model_type} model cannot be built like that: {first_line(error)}"
        ) from error


def _stacks(model: "PreTrainedModel", depth: int) -> list[str]:
    """Prefixes of the outermost lists of modules with one for each layer; some have several."""
    from torch.nn import ModuleList

    lists = [
        f"{name}."
        for name, module in model.named_modules()
        if isinstance(module, ModuleList) and len(module) == depth
    ]
    return [name for name in lists if not any(name.startswith(o) for o in lists if o != name)]


def _renamed(
    weights: Mapping[str, "Tensor"], stacks: Sequence[str], layers: Sequence[int]
) -> dict[str, "Tensor"]:
    """The weights of the chosen layers by their new places, and all that is of no layer."""
    new = {}
    for key, weight in weights.items():
        stack = next((name for name in stacks if key.startswith(name)), None)
        if stack is None:
            new[key] = weight
            continue
        old, _, rest = key.removeprefix(stack).partition(".")
        for place, layer in enumerate(layers):
            if layer == int(old):
                new[f"{stack}{place}.{rest}"] = weight
    return new


def _check_places(
    weights: Mapping[str, "Tensor"],
    places: Mapping[str, "Tensor"],
    kind: str,
    layers: Sequence[int],
) -> None:
    """Raises ModelError unless every weight has a place of its shape, and every place a weight."""
    wrong = sorted(weights.keys() ^ places.keys()) or [
        key for key, place in places.items() if place.shape != weights[key].shape
    ]
    if wrong:
        hint = (
            "; its layer 0 differs from the others, so the list must begin with 0"
            if layers[0]
            else ""
        )
        raise ModelError(
            f"{LAYERS}: a {kind} model of the layers {', '.join(map(str, layers))} cannot take "
            f"over the teacher's weights ({wrong[0]}){hint}"
        )
