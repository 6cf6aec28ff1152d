"""What expected.json holds, computed from a config and weights by `families.py`."""

import math

import torch

from families import FORWARD, PREFIX, is_buffer, sites_of, size_of, tied
from storage import as_tensor

LOSS_FORMULA = (
    "L = mean_i [ relu(1 - (z_i[target_i] - z_i[other_i])) + 0.3 * KL_i ] + 0.01 * sum|alpha|, KL_i over the vocabulary"
    " without target_i and other_i, from the clean to the intervened last logits of prompt i"
)
LM_FORMULA = "mean over all (prompt, position) pairs of -log softmax(logits[position])[next token]"
PARAMETERS = {"scale": ("alpha",), "add": ("v",), "dynamic": ("w", "b")}


class Reference:
    """A model in one precision: weights by their names without prefix, all of them ready for gradients."""

    def __init__(self, config, stored, dtype=torch.float64):
        self.config, self.dtype = config, dtype
        self.kind = config["model_type"]
        self.layers, self.width = size_of(config)
        self.weights, self.stored_names, self.ignored = {}, {}, []
        for name, (_, values) in stored.items():
            if is_buffer(name, config):
                self.ignored.append(name)
                continue
            short = name.removeprefix(PREFIX[self.kind])
            self.weights[short] = as_tensor(values, dtype).requires_grad_()
            self.stored_names[short] = name

    def forward(self, ids, interventions=(), record=None):
        """Logits (batch, positions, vocabulary); `record` collects {(site, layer): activation after interventions}."""

        def tap(site, layer, h):
            for edit in interventions:
                if edit["site"] == site:
                    h = intervene(h, edit, layer)
            if record is not None:
                record[site, layer] = h
            return h

        return FORWARD[self.kind](self.config, self.weights, torch.tensor(ids), tap)

    def last(self, ids, interventions=(), record=None):
        return self.forward(ids, interventions, record)[:, -1]


def intervene(h, edit, layer):
    if edit["kind"] == "scale":
        return (1 + edit["alpha"][layer][:, None]) * h
    if edit["kind"] == "add":
        return h + edit["v"][layer]
    return (1 + (h * edit["w"][layer]).sum(-1, keepdim=True) + edit["b"][layer]) * h


def steering_loss(z, clean, target, other, edits):
    """(loss, its parts) as LOSS_FORMULA says."""
    hinge, kl = [], []
    for i, (t, o) in enumerate(zip(target, other)):
        kept = [j for j in range(z.shape[-1]) if j not in (t, o)]
        log_p, log_q = torch.log_softmax(clean[i, kept], -1), torch.log_softmax(z[i, kept], -1)
        hinge.append(torch.relu(1 - (z[i, t] - z[i, o])))
        kl.append((log_p.exp() * (log_p - log_q)).sum())
    l1 = sum((e["alpha"].abs().sum() for e in edits if e["kind"] == "scale"), torch.zeros((), dtype=z.dtype))
    loss = (sum(hinge) + 0.3 * sum(kl)) / len(target) + 0.01 * l1
    return loss, {"hinge": torch.stack(hinge).tolist(), "kl": torch.stack(kl).tolist(), "l1": float(l1)}


def run_intervention(model, batch, clean, answers, stored_list, places):
    """Logits, loss, gradients (as in the list) and activations at `places` with a stored list of interventions."""
    edits = [
        e | {key: as_tensor(e[key], model.dtype).requires_grad_() for key in PARAMETERS[e["kind"]]} for e in stored_list
    ]
    record = {}
    z = model.last(batch, edits, record)
    loss, parts = steering_loss(z, clean, answers["target"], answers["other"], edits)
    leaves = [e[key] for e in edits for key in PARAMETERS[e["kind"]]]
    flat = iter(torch.autograd.grad(loss, leaves))
    grads = [{key: next(flat) for key in PARAMETERS[e["kind"]]} for e in edits]
    return {"z": z.detach(), "loss": loss.item(), "parts": parts, "grads": grads, "probes": pick(record, places)}


def pick(record, places):
    return [
        {**place, "values": record[place["site"], place["layer"]][place["prompt"], place["position"]].tolist()}
        for place in places
    ]


def language_model_loss(model, batch):
    """(loss, {stored name: gradient}) of next-token prediction."""
    logits = model.forward([row[:-1] for row in batch])
    targets = torch.tensor([row[1:] for row in batch])
    loss = -torch.log_softmax(logits, -1).gather(-1, targets[..., None]).mean()
    grads = torch.autograd.grad(loss, list(model.weights.values()))
    return loss.item(), {model.stored_names[short]: g for short, g in zip(model.weights, grads)}


def summary(gradient):
    flat = gradient.flatten()
    index = [i * (len(flat) - 1) // 7 for i in range(8)]
    return {
        "shape": list(gradient.shape),
        "l2": flat.norm().item(),
        "sum": flat.sum().item(),
        "first8": flat[:8].tolist(),
        "spread_index": index,
        "spread": flat[index].tolist(),
    }


def greedy(model, prompt, count):
    """(new tokens, smallest gap between the best two logits)"""
    ids, gap = list(prompt), math.inf
    with torch.no_grad():
        for _ in range(count):
            top = model.last([ids])[0].topk(2)
            gap = min(gap, (top.values[0] - top.values[1]).item())
            ids.append(top.indices[0].item())
    return ids[len(prompt) :], gap


def mean_nll(model, ids):
    """Mean of -log p(next token) over one sequence."""
    with torch.no_grad():
        logits = model.forward([ids[:-1]])[0]
        return -torch.log_softmax(logits, -1).gather(-1, torch.tensor(ids[1:])[:, None]).mean().item()


def sequences(model, wanted):
    """Long greedy continuations of their first token, and mean losses, for the parts that `wanted` names."""
    out = {}
    for key in ("greedy24", "greedy200"):
        if key in wanted:
            first, count = wanted[key]
            new, gap = greedy(model, [first], count - 1)
            out[key] = {"tokens": [first, *new], "min_top1_top2_gap": gap}
    if "greedy24" in out:
        with torch.no_grad():
            out["greedy24"]["logits"] = model.forward([out["greedy24"]["tokens"]])[0].tolist()
    if "sampled_tokens" in wanted:
        sampled = [mean_nll(model, ids) for ids in wanted["sampled_tokens"]]
        out["perplexity"] = {
            "greedy200_mean_nll": mean_nll(model, out["greedy200"]["tokens"]),
            "sampled_mean_nll": sum(sampled) / len(sampled),
            "sampled_tokens": wanted["sampled_tokens"],
            "random_tokens": wanted["random_tokens"],
            "random_mean_nll": mean_nll(model, wanted["random_tokens"]),
            "uniform_nll": math.log(model.config["vocab_size"]),
        }
    return out


def expected(config, stored, inputs):
    """
    The content of expected.json. `inputs`: prompts, answers, interventions [{name, list}], new_tokens, places of
    probes, and, where wanted, sequences {greedy24, greedy200: (first token, length), sampled_tokens, random_tokens}.
    """
    model, single = (Reference(config, stored, dtype) for dtype in (torch.float64, torch.float32))
    prompts, answers = inputs["prompts"], inputs["answers"]
    batch = prompts["batch"]
    record = {}
    with torch.no_grad():
        logits, logits32 = model.forward(batch, (), record), single.forward(batch)
        last = {key: model.last([prompts[key]])[0].tolist() for key in ("single", "long")}
    clean, clean32 = logits[:, -1], logits32[:, -1]
    tokens, gap = greedy(model, batch[0], inputs["new_tokens"])
    margin = [(clean[i, t] - clean[i, o]).item() for i, (t, o) in enumerate(zip(answers["target"], answers["other"]))]

    interventions = []
    for spec in inputs["interventions"]:
        sites = sorted({e["site"] for e in spec["list"]} | {"resid_post"})
        places = [{"site": s, "layer": model.layers - 1, "prompt": 1, "position": len(batch[1]) - 1} for s in sites]
        run = run_intervention(model, batch, clean, answers, spec["list"], places)
        run32 = run_intervention(single, batch, clean32, answers, spec["list"], places)
        pairs = [(g[key], h[key]) for g, h in zip(run["grads"], run32["grads"]) for key in g]
        interventions.append(
            {
                "name": spec["name"],
                "list": [
                    e | {"grad": {key: x.tolist() for key, x in g.items()}} for e, g in zip(spec["list"], run["grads"])
                ],
                "logits_last": run["z"].tolist(),
                "loss": run["loss"],
                "parts": run["parts"],
                "probes": run["probes"],
                "grad_max_abs": max(g.abs().max().item() for g, _ in pairs),
                "float32_error": {
                    "logits_max_abs": difference(run["z"], run32["z"]),
                    "loss_abs": abs(run["loss"] - run32["loss"]),
                    "grad_max_abs": max(difference(g, h) for g, h in pairs),
                },
            }
        )

    loss, grads = language_model_loss(model, batch)
    loss32, grads32 = language_model_loss(single, batch)
    errors = {name: difference(g, grads32[name]) for name, g in grads.items()}
    return {
        "schema": "model-expected/1",
        "computed": "float64 with PyTorch, from the weights as stored",
        "model": {
            "model_type": config["model_type"],
            "n_layers": model.layers,
            "d_model": model.width,
            "vocab_size": config["vocab_size"],
            "sites": sites_of(config),
            "stored_dtype": sorted({stored[name][0] for name in model.stored_names.values()}),
            "tied_embeddings": tied(config),
            "parameter_count": sum(x.numel() for x in model.weights.values()),
            "ignored_tensors": sorted(model.ignored),
        },
        "prompts": prompts,
        "logits": {
            "batch_last": clean.tolist(),
            "batch0_all": logits[0].tolist(),
            "single_last": last["single"],
            "long_last": last["long"],
            "std": logits.std().item(),
        },
        "greedy": {"prompt": batch[0], "new_tokens": tokens, "min_top1_top2_gap": gap},
        "probes": pick(record, inputs["places"]),
        "loss_formula": LOSS_FORMULA,
        "answers": {**answers, "clean_margin": margin},
        "float32_error": {"batch_logits_max_abs": difference(logits, logits32)},
        "interventions": interventions,
        "lm_loss": {
            "formula": LM_FORMULA,
            "loss": loss,
            "grads": {n: summary(g) | {"float32_max_abs_error": errors[n]} for n, g in sorted(grads.items())},
            "float32_error": {"loss_abs": abs(loss - loss32), "grad_max_abs": max(errors.values())},
        },
    } | sequences(model, inputs.get("sequences", {}))


def difference(a, b):
    return (a.double() - b.double()).abs().max().item()
