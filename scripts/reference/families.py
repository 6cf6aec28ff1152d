"""
The three checkpoint families as plain formulas. Each function takes a config in Hugging Face names, weights by their
names without prefix, token ids (batch, positions), and `tap(site, layer, h) -> h`; it returns all logits.
"""

import math

import torch


def _gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))),
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": torch.relu,
    "silu": lambda x: x * torch.sigmoid(x),
}


def layer_norm(x, weight, bias, eps):
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps) * weight + bias


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps) * weight


def linear(x, w, name):
    """x @ weight.T + bias, the bias only where one is stored."""
    out = x @ w[f"{name}.weight"].T
    return out + w[f"{name}.bias"] if f"{name}.bias" in w else out


def attention(q, k, v):
    """Causal attention of q (batch, heads, positions, size); head h reads key/value head floor(h / group)."""
    group = q.shape[1] // k.shape[1]
    k = torch.stack([k[:, h // group] for h in range(q.shape[1])], 1)
    v = torch.stack([v[:, h // group] for h in range(q.shape[1])], 1)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    future = torch.ones(scores.shape[-2:]).triu(1).bool()
    z = torch.softmax(scores.masked_fill(future, -math.inf), -1) @ v
    return z.transpose(1, 2).flatten(2)


def heads(x, count):
    """(batch, positions, count · size) -> (batch, count, positions, size)"""
    return x.unflatten(-1, (count, x.shape[-1] // count)).transpose(1, 2)


def rotate(x, frequencies):
    """Turns pairs (i, i + n) of the first 2n entries of each head by position · frequencies[i]; the rest passes."""
    n = len(frequencies)
    angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * frequencies
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b, rest = x[..., :n], x[..., n : 2 * n], x[..., 2 * n :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1)


def rotary_frequencies(size, base, scaling=None):
    """base^(-2i/size) in float64; `linear` scaling slows all down, `llama3` long wavelengths, with a ramp between."""
    frequencies = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    kind = (scaling or {}).get("rope_type", (scaling or {}).get("type", "default"))
    if kind == "default":
        return frequencies
    if kind == "linear":
        return frequencies / scaling["factor"]
    if kind != "llama3":
        raise ValueError(f"rope_type {kind}")
    factor, low, high = (scaling[key] for key in ("factor", "low_freq_factor", "high_freq_factor"))
    # How often the wave turns within the original context: below `low` slowed down, above `high` kept.
    turns = scaling["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (kept + (1 - kept) / factor)


def gpt2(config, w, ids, tap):
    act, eps = ACTIVATIONS[config.get("activation_function", "gelu_new")], config.get("layer_norm_epsilon", 1e-5)

    def norm(x, name):
        return layer_norm(x, w[f"{name}.weight"], w[f"{name}.bias"], eps)

    def conv1d(x, name):  # stored as (in, out)
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["wte.weight"][ids] + w["wpe.weight"][: ids.shape[1]]
    for l in range(config["n_layer"]):
        x = tap("resid_pre", l, x)
        qkv = conv1d(norm(x, f"h.{l}.ln_1"), f"h.{l}.attn.c_attn")
        z = attention(*(heads(part, config["n_head"]) for part in qkv.chunk(3, -1)))
        x = tap("resid_mid", l, x + tap("attn_out", l, conv1d(z, f"h.{l}.attn.c_proj")))
        hidden = act(conv1d(norm(x, f"h.{l}.ln_2"), f"h.{l}.mlp.c_fc"))
        x = tap("resid_post", l, x + tap("mlp_out", l, conv1d(hidden, f"h.{l}.mlp.c_proj")))
    head = w["wte.weight"] if tied(config) else w["lm_head.weight"]
    return norm(x, "ln_f") @ head.T


def gpt_neox(config, w, ids, tap):
    act, eps = ACTIVATIONS[config.get("hidden_act", "gelu")], config.get("layer_norm_eps", 1e-5)
    count = config["num_attention_heads"]
    size = config["hidden_size"] // count
    # Newer files hold all that is about rotation in one object.
    rope = config.get("rope_parameters") or {
        "rope_theta": config.get("rotary_emb_base", 10000),
        "partial_rotary_factor": config.get("rotary_pct", 0.25),
        **(config.get("rope_scaling") or {}),
    }
    frequencies = rotary_frequencies(math.floor(size * rope["partial_rotary_factor"]), rope["rope_theta"], rope)

    def norm(x, name):
        return layer_norm(x, w[f"{name}.weight"], w[f"{name}.bias"], eps)

    x = w["embed_in.weight"][ids]
    for l in range(config["num_hidden_layers"]):
        at = f"layers.{l}"

        def attend(h):
            qkv = heads(linear(h, w, f"{at}.attention.query_key_value"), count)  # per head [q k v]
            q, k, v = qkv.split(size, -1)
            z = attention(rotate(q, frequencies), rotate(k, frequencies), v)
            return tap("attn_out", l, linear(z, w, f"{at}.attention.dense"))

        def mlp(h):
            return tap("mlp_out", l, linear(act(linear(h, w, f"{at}.mlp.dense_h_to_4h")), w, f"{at}.mlp.dense_4h_to_h"))

        x = tap("resid_pre", l, x)
        if config.get("use_parallel_residual", True):
            x = x + attend(norm(x, f"{at}.input_layernorm")) + mlp(norm(x, f"{at}.post_attention_layernorm"))
        else:
            x = tap("resid_mid", l, x + attend(norm(x, f"{at}.input_layernorm")))
            x = x + mlp(norm(x, f"{at}.post_attention_layernorm"))
        x = tap("resid_post", l, x)
    head = w["embed_in.weight"] if tied(config) else w["embed_out.weight"]
    return norm(x, "final_layer_norm") @ head.T


def llama(config, w, ids, tap):
    act, eps = ACTIVATIONS[config.get("hidden_act", "silu")], config.get("rms_norm_eps", 1e-6)
    count = config["num_attention_heads"]
    kv = config.get("num_key_value_heads", count)
    size = config.get("head_dim") or config["hidden_size"] // count
    rope = config.get("rope_parameters") or {
        "rope_theta": config.get("rope_theta", 10000.0),
        **(config.get("rope_scaling") or {}),
    }
    frequencies = rotary_frequencies(size, rope["rope_theta"], rope)

    x = w["embed_tokens.weight"][ids]
    for l in range(config["num_hidden_layers"]):
        at = f"layers.{l}"
        x = tap("resid_pre", l, x)
        h = rms_norm(x, w[f"{at}.input_layernorm.weight"], eps)
        q = rotate(heads(linear(h, w, f"{at}.self_attn.q_proj"), count), frequencies)
        k = rotate(heads(linear(h, w, f"{at}.self_attn.k_proj"), kv), frequencies)
        v = heads(linear(h, w, f"{at}.self_attn.v_proj"), kv)
        x = tap("resid_mid", l, x + tap("attn_out", l, linear(attention(q, k, v), w, f"{at}.self_attn.o_proj")))
        h = rms_norm(x, w[f"{at}.post_attention_layernorm.weight"], eps)
        hidden = act(linear(h, w, f"{at}.mlp.gate_proj")) * linear(h, w, f"{at}.mlp.up_proj")
        x = tap("resid_post", l, x + tap("mlp_out", l, linear(hidden, w, f"{at}.mlp.down_proj")))
    head = w["embed_tokens.weight"] if tied(config) else w["lm_head.weight"]
    return rms_norm(x, w["norm.weight"], eps) @ head.T


FORWARD = {"gpt2": gpt2, "gpt_neox": gpt_neox, "llama": llama}
PREFIX = {"gpt2": "transformer.", "gpt_neox": "gpt_neox.", "llama": "model."}
HEAD = {"gpt2": "lm_head.weight", "gpt_neox": "embed_out.weight", "llama": "lm_head.weight"}


def tied(config):
    """GPT-2 is tied unless its config says otherwise, the others only if it says so."""
    return config.get("tie_word_embeddings", config["model_type"] == "gpt2")


def size_of(config):
    """(layers, width) under either naming."""
    return config.get("n_layer", config.get("num_hidden_layers")), config.get("n_embd", config.get("hidden_size"))


def sites_of(config):
    parallel = config["model_type"] == "gpt_neox" and config.get("use_parallel_residual", True)
    return ["resid_pre", "attn_out", *([] if parallel else ["resid_mid"]), "mlp_out", "resid_post"]


def is_buffer(name, config):
    """Stored tensors that are not parameters: masks, rotary frequencies, the head of a tied model."""
    if name.endswith(("masked_bias", "rotary_emb.inv_freq", ".attn.bias", ".attention.bias")):
        return True
    return name == HEAD[config["model_type"]] and tied(config)
