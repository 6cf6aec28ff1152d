"""Random weights of a config, named and stored as a variant asks, with logits of a useful size."""

import math

import numpy as np
import torch

from expected import Reference
from families import HEAD, PREFIX, size_of, tied
from storage import rounded

# A power of two, so that it moves exponents only.
SUBNORMAL_FACTOR = 4096.0


def shapes(config):
    """{name without prefix: shape} of every parameter."""
    kind, vocab = config["model_type"], config["vocab_size"]
    layers, d = size_of(config)
    out = {}

    def linear(name, shape, bias=True, bias_size=None):
        out[f"{name}.weight"] = shape
        if bias:
            out[f"{name}.bias"] = (bias_size or shape[0],)

    for l in range(layers):
        if kind == "gpt2":
            inner = config.get("n_inner") or 4 * d
            for name in ("ln_1", "ln_2"):
                linear(f"h.{l}.{name}", (d,))
            sizes = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, inner), "mlp.c_proj": (inner, d)}
            for name, shape in sizes.items():
                linear(f"h.{l}.{name}", shape, True, shape[1])
        elif kind == "gpt_neox":
            inner = config["intermediate_size"]
            for name in ("input_layernorm", "post_attention_layernorm"):
                linear(f"layers.{l}.{name}", (d,))
            linear(f"layers.{l}.attention.query_key_value", (3 * d, d), config.get("attention_bias", True))
            linear(f"layers.{l}.attention.dense", (d, d), config.get("attention_bias", True))
            linear(f"layers.{l}.mlp.dense_h_to_4h", (inner, d))
            linear(f"layers.{l}.mlp.dense_4h_to_h", (d, inner))
        else:
            inner, count = config["intermediate_size"], config["num_attention_heads"]
            kv = config.get("num_key_value_heads", count)
            size = config.get("head_dim") or d // count
            for name in ("input_layernorm", "post_attention_layernorm"):
                linear(f"layers.{l}.{name}", (d,), False)
            queries, keys = count * size, kv * size
            for name, shape in {"q": (queries, d), "k": (keys, d), "v": (keys, d), "o": (d, queries)}.items():
                linear(f"layers.{l}.self_attn.{name}_proj", shape, config.get("attention_bias", False))
            for name, shape in (("gate", (inner, d)), ("up", (inner, d)), ("down", (d, inner))):
                linear(f"layers.{l}.mlp.{name}_proj", shape, config.get("mlp_bias", False))
    ends = {"gpt2": ("wte", "ln_f"), "gpt_neox": ("embed_in", "final_layer_norm"), "llama": ("embed_tokens", "norm")}
    embedding, norm = ends[kind]
    out[f"{embedding}.weight"] = (vocab, d)
    if kind == "gpt2":
        out["wpe.weight"] = (config["n_positions"], d)
    linear(norm, (d,), kind != "llama")
    if not tied(config):
        out[HEAD[kind]] = (vocab, d)
    return out


def is_norm(name):
    return any(part in name for part in ("ln_", "norm."))


def final_norm(name):
    return name.startswith(("ln_f.", "final_layer_norm.", "norm."))


def draw(config, random, subnormal):
    """{name: float64 array} before any rounding."""
    values = {}
    for name, shape in sorted(shapes(config).items()):
        noise = random.standard_normal(shape)
        if is_norm(name):
            values[name] = 0.2 * noise + (1.0 if name.endswith("weight") else 0.0)
        elif name.endswith("bias"):
            values[name] = 0.2 * noise
        elif "wpe" in name:
            values[name] = 0.5 * noise
        elif "wte" in name or "embed" in name or "lm_head" in name:
            values[name] = noise
        else:
            fan_in = shape[0] if config["model_type"] == "gpt2" else shape[1]
            # Sharper attention than 1/√fan-in gives, so that a wrong rotation shows.
            gain = 1.6 if any(k in name for k in ("c_attn", "query_key_value", "q_proj", "k_proj")) else 1.0
            values[name] = gain * noise / math.sqrt(fan_in)
    if subnormal:
        make_subnormal(config, values)
    return values


def make_subnormal(config, values):
    """Makes the attention's output projection tiny and its values large by the same factor."""
    for name in values:
        if name.endswith((".v_proj.weight", ".v_proj.bias")):
            values[name] = values[name] * SUBNORMAL_FACTOR
        elif ".attention.query_key_value." in name:
            count = config["num_attention_heads"]
            per_head = values[name].reshape(count, 3, -1)  # per head [q k v]
            per_head[:, 2] *= SUBNORMAL_FACTOR
        elif name.endswith((".o_proj.weight", ".attention.dense.weight")):
            values[name] = values[name] / SUBNORMAL_FACTOR


def buffers(config, kind_of_mask):
    """Tensors of older files that are no parameters, 0-d ones among them."""
    kind, out = config["model_type"], {}
    layers, d = size_of(config)
    if kind == "llama":
        size = config.get("head_dim") or d // config["num_attention_heads"]
        for l in range(layers):
            out[f"layers.{l}.self_attn.rotary_emb.inv_freq"] = ("F32", 10000.0 ** (-np.arange(0, size, 2) / size))
        return out
    context = config.get("n_positions") or config["max_position_embeddings"]
    for l in range(layers):
        at = f"h.{l}.attn" if kind == "gpt2" else f"layers.{l}.attention"
        out[f"{at}.bias"] = (kind_of_mask, np.tril(np.ones((1, 1, context, context))))
        out[f"{at}.masked_bias"] = ("F32", np.array(-1e4 if kind == "gpt2" else -1e9))
        if kind == "gpt_neox":
            size = math.floor(d // config["num_attention_heads"] * config.get("rotary_pct", 0.25))
            out[f"{at}.rotary_emb.inv_freq"] = ("F32", 10000.0 ** (-np.arange(0, size, 2) / size))
    return out


def checkpoint(config, storage, random, probe_ids):
    """{stored name: (dtype, values as stored)} in the order of the data; the logits at `probe_ids` have std 2."""
    kind = config["model_type"]
    dtype = storage.get("dtype", "F32")

    def stored_as(name):
        return storage.get("norm_dtype", dtype) if is_norm(name) else dtype

    def prefixed(name):
        own = name == HEAD[kind] or not storage.get("prefix", True)
        return name if own else PREFIX[kind] + name

    def store(values):
        return {prefixed(n): (stored_as(n), rounded(v, stored_as(n))) for n, v in values.items()}

    values = draw(config, random, storage.get("subnormal", False))
    with torch.no_grad():
        std = Reference(config, store(values)).forward(probe_ids).std().item()
    for name in values:
        if final_norm(name):
            values[name] = values[name] * 2 / std
    stored = store(values)
    if storage.get("buffers"):
        stored = {prefixed(n): b for n, b in buffers(config, storage["buffers"]).items()} | stored
    if storage.get("store_head"):
        embedding = next(n for n in stored if n.endswith(("wte.weight", "embed_in.weight", "embed_tokens.weight")))
        stored[HEAD[kind]] = stored[embedding]
    if storage.get("odd"):
        # A mask of odd length in front: everything behind it starts at an odd byte.
        at = {"gpt2": "h.0.attn.bias", "gpt_neox": "layers.0.attention.bias", "llama": None}[kind]
        if at:
            stored = {prefixed(at): ("BOOL", np.tril(np.ones((1, 1, 5, 5))))} | {
                n: b for n, b in stored.items() if n != prefixed(at)
            }
    return stored
