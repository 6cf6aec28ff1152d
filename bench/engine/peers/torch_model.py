"""GPT-2 with torch.nn.functional, from a dictionary of weights by checkpoint name. Weights are [in, out], as stored."""
import math

import torch
import torch.nn.functional as F

# From version 2.0.
fused_attention = getattr(F, "scaled_dot_product_attention", None)


def linear(w, name, x):
    return torch.addmm(w[f"{name}.bias"], x, w[f"{name}.weight"])


def norm(w, name, x):
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-5)


def attend(q, k, v, mask):
    if fused_attention is not None:
        return fused_attention(q, k, v, is_causal=mask is not None)
    scores = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(q.shape[-1]))
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    return F.softmax(scores, -1) @ v


def keep(site, layer, h):
    return h


def block(w, config, l, x, size, edit, attention):
    batch, length = size
    d, n = config["n_embd"], config["n_head"]
    qkv = linear(w, f"h.{l}.attn.c_attn", norm(w, f"h.{l}.ln_1", x))
    q, k, v = (y.view(batch, length, n, d // n).transpose(1, 2) for y in qkv.split(d, 1))
    z = attention(l, q, k, v).transpose(1, 2).reshape(batch * length, d)
    x = x + edit("attn_out", l, linear(w, f"h.{l}.attn.c_proj", z))
    inner = F.gelu(linear(w, f"h.{l}.mlp.c_fc", norm(w, f"h.{l}.ln_2", x)), approximate="tanh")
    return x + edit("mlp_out", l, linear(w, f"h.{l}.mlp.c_proj", inner))


def residual(w, config, ids, edit=keep):
    """The residual stream after the last norm, [batch * length, d], of ids [batch, length]."""
    batch, length = ids.shape
    x = (F.embedding(ids, w["wte.weight"]) + w["wpe.weight"][:length]).view(batch * length, -1)
    mask = torch.ones(length, length, dtype=torch.bool).triu(1)
    for l in range(config["n_layer"]):
        x = block(w, config, l, x, (batch, length), edit, lambda _, q, k, v: attend(q, k, v, mask))
    return norm(w, "ln_f", x)


def last_logits(w, config, ids, edit=keep):
    batch, length = ids.shape
    last = residual(w, config, ids, edit).view(batch, length, -1)[:, -1]
    return last @ w["wte.weight"].T


def language_model_loss(w, config, ids, targets):
    logits = residual(w, config, ids) @ w["wte.weight"].T
    return F.cross_entropy(logits, targets.view(-1))


def intervention_loss(theta, w, config, ids, tokens):
    """Mean difference of two tokens' logits under scalars alpha [L, T] and vectors v [L, T, d] at both sites."""
    batch, length = ids.shape

    def edit(site, l, h):
        h = h.view(batch, length, -1)
        h = h * (1 + theta[f"{site}.alpha"][l].unsqueeze(-1)) + theta[f"{site}.v"][l]
        return h.view(batch * length, -1)

    logits = last_logits(w, config, ids, edit)
    return (logits[:, tokens[0]] - logits[:, tokens[1]]).mean()


def generate(w, config, prompt, count):
    """Greedy continuation with a cache of keys and values."""
    cache = [None] * config["n_layer"]
    new = []
    ids = torch.tensor([prompt])
    start = 0
    for _ in range(count):
        length = ids.shape[1]
        x = (F.embedding(ids, w["wte.weight"]) + w["wpe.weight"][start : start + length]).view(length, -1)
        mask = torch.ones(length, length, dtype=torch.bool).triu(1) if length > 1 else None

        def attention(l, q, k, v):
            if cache[l] is not None:
                k, v = torch.cat([cache[l][0], k], 2), torch.cat([cache[l][1], v], 2)
            cache[l] = (k, v)
            return attend(q, k, v, mask)

        for l in range(config["n_layer"]):
            x = block(w, config, l, x, (1, length), keep, attention)
        best = (norm(w, "ln_f", x[-1:]) @ w["wte.weight"].T).argmax(1)
        new.append(best.item())
        start += length
        ids = best.view(1, 1)
    return new
