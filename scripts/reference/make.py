"""
Writes checkpoint folders with expected values, from random weights:

  python3 scripts/reference/make.py OUT [NAME...]         the variants of variants.py (all, or those named)
  python3 scripts/reference/make.py --own OUT [NAME...]   the small ones of tests/fixtures/own

The same names give the same folders. Needs Python 3.9, PyTorch and NumPy.
"""

import json
import math
import sys
import zlib
from pathlib import Path

import numpy as np
import torch

from expected import Reference, expected, greedy
from families import sites_of, size_of
from storage import read_folder, write_folder
from variants import OWN, VARIANTS
from weights import checkpoint

# Closer calls than this could go either way in float32.
SMALLEST_GAP = 0.02
# Shorter decimals in brief files: still far finer than float32.
BRIEF_DIGITS = 10


def grid(values):
    """Multiples of 1/1024: exact in float32, short in JSON."""
    return np.round(np.asarray(values) * 1024) / 1024


def parameters(kind, layers, positions, width, random):
    if kind == "scale":
        return {"alpha": grid(0.35 * random.standard_normal((layers, positions))).tolist()}
    if kind == "add":
        return {"v": grid(0.35 * random.standard_normal((layers, positions, width))).tolist()}
    # Small, so that no factor 1 + dot(w, h) + b comes near 0, where a norm behind it makes float32 useless.
    w = grid(0.12 / math.sqrt(width) * random.standard_normal((layers, width)))
    return {"w": w.tolist(), "b": grid(0.1 * random.standard_normal(layers)).tolist()}


def intervention_list(config, positions, random, brief):
    layers, width = size_of(config)
    sites = sites_of(config)

    def edit(site, kind):
        return {"site": site, "kind": kind, **parameters(kind, layers, positions, width, random)}

    kinds = ("scale", "add", "dynamic")
    if brief:
        # Every site once, every kind at least once.
        each = [(site, kinds[i % 3]) for i, site in enumerate(sites)]
        together = [("attn_out", "scale"), ("mlp_out", "dynamic")]
    else:
        each = [(site, kind) for site in sites for kind in kinds]
        together = [("attn_out", "scale"), ("mlp_out", "add"), ("resid_post", "dynamic"), ("resid_pre", "scale")]
    singles = [{"name": f"{site}/{kind}", "list": [edit(site, kind)]} for site, kind in each]
    multi = {"name": "multi_site", "list": [edit(*pair) for pair in together]}
    multi["list"][0]["alpha"][0][0] = 0.0  # where |alpha| has its kink
    in_order = {"name": "same_site_in_order", "list": [edit("mlp_out", kind) for kind in kinds[: 2 if brief else 3]]}
    return [*singles, multi, in_order]


def choose_answers(clean):
    """Margins far below 0, far above and a little below, in turn: none has its hinge at the kink."""
    order = clean.argsort(-1, descending=True).tolist()
    chosen = []
    for i, row in enumerate(order):
        candidates = [(row[len(row) // 2], row[0]), (row[0], row[len(row) // 2]), (row[1], row[0])]
        chosen.append(candidates[i % 3])
    return {"target": [t for t, _ in chosen], "other": [o for _, o in chosen]}


def attempt(config, storage, seed):
    """(tensors, inputs of expected.json, generator), or None where a greedy choice is too close."""
    random = np.random.default_rng(seed)
    brief = storage.get("brief", False)
    vocab, context = config["vocab_size"], config.get("n_positions") or config["max_position_embeddings"]
    count, positions = (2, 5) if brief else (3, 9)
    batch = random.integers(0, vocab, (count, positions)).tolist()
    prompts = {
        "batch": batch,
        "single": [int(random.integers(vocab))],
        "long": random.integers(0, vocab, 8 if brief else context).tolist(),
    }
    tensors = checkpoint(config, storage, random, batch)
    model = Reference(config, tensors)
    new_tokens = 4 if brief else 8
    if greedy(model, batch[0], new_tokens)[1] < SMALLEST_GAP:
        return None
    with torch.no_grad():
        answers = choose_answers(model.last(batch))
    layers = size_of(config)[0]
    spots = [(0, 0, 0), (layers - 1, 1, positions - 1)] + ([] if brief else [(layers // 2, 2, 4)])
    places = [
        {"site": site, "layer": l, "prompt": p, "position": t}
        for site in sites_of(config)
        for l, p, t in spots[-1 if brief else 0 :]
    ]
    inputs = {
        "prompts": prompts,
        "answers": answers,
        "interventions": intervention_list(config, positions, random, brief),
        "new_tokens": new_tokens,
        "places": places,
    }
    if storage.get("sequences"):
        inputs["sequences"] = {
            "greedy24": (config["bos_token_id"], min(24, context)),
            "greedy200": (config["bos_token_id"], min(201, context)),
            "sampled_tokens": random.integers(0, vocab, (2, context)).tolist(),
            "random_tokens": random.integers(0, vocab, context).tolist(),
        }
        if greedy(model, [config["bos_token_id"]], context - 1)[1] < SMALLEST_GAP:
            return None
    return tensors, inputs, random


def shorten(value):
    """Every float to BRIEF_DIGITS significant digits."""
    if isinstance(value, dict):
        return {key: shorten(v) for key, v in value.items()}
    if isinstance(value, list):
        return [shorten(v) for v in value]
    return float(f"{value:.{BRIEF_DIGITS}g}") if isinstance(value, float) else value


def make(folder, name, config, storage):
    seed = zlib.crc32(name.encode())
    found = None
    while found is None:
        found = attempt(config, storage, seed)
        seed += 1
    tensors, inputs, random = found
    order = list(tensors)
    if storage.get("shuffle"):
        random.shuffle(order)
    shards, padding = storage.get("shards", 1), int(storage.get("odd", False))
    write_folder(folder, config, tensors, shards, header_order=order, header_padding=padding)
    _, stored = read_folder(folder)
    content = expected(config, stored, inputs)
    if storage.get("brief"):
        content = shorten(content)
    (folder / "expected.json").write_text(json.dumps(content) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir()) // 1024
    gap = content["greedy"]["min_top1_top2_gap"]
    print(f"{name}: {size} kB, logits std {content['logits']['std']:.2f}, greedy gap {gap:.3f}")


def main(arguments):
    variants = OWN if "--own" in arguments else VARIANTS
    out, *names = [a for a in arguments if a != "--own"] or sys.exit(__doc__)
    for name in names or variants:
        make(Path(out) / name, name, *variants[name])


if __name__ == "__main__":
    main(sys.argv[1:])
