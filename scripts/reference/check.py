"""
Recomputes an expected.json from the stored weights and compares every number with it:

  python3 scripts/reference/check.py FOLDER...

FOLDER has config.json, model.safetensors (or shards) and expected.json. Exit status 1 where a number differs.
"""

import json
import sys
from pathlib import Path

import torch

from expected import expected
from storage import read_folder

# Both sides are float64; only the order of sums differs.
BOUND = 1e-9
UNCOMPARED = ("float32_error", "float32_max_abs_error", "formula", "computed", "note", "first_token_is_BOS")


def inputs_of(want):
    return {
        "prompts": want["prompts"],
        "answers": {key: want["answers"][key] for key in ("target", "other")},
        "interventions": [
            {"name": i["name"], "list": [{k: v for k, v in e.items() if k != "grad"} for e in i["list"]]}
            for i in want["interventions"]
        ],
        "new_tokens": len(want["greedy"]["new_tokens"]),
        "places": [{k: v for k, v in p.items() if k != "values"} for p in want["probes"]],
        "sequences": sequences_of(want),
    }


def sequences_of(want):
    long = {key: want[key]["tokens"] for key in ("greedy24", "greedy200") if key in want}
    perplexity = want.get("perplexity", {})
    tokens = {key: perplexity[key] for key in ("sampled_tokens", "random_tokens") if key in perplexity}
    return {key: (ids[0], len(ids)) for key, ids in long.items()} | tokens


def compare(got, want, path, report):
    """Walks both; what float32 rounding gave depends on the machine and is left out, and so are texts."""
    if path.endswith(UNCOMPARED):
        return
    if isinstance(want, dict):
        for key in want:
            if key in got or key in UNCOMPARED:
                compare(got.get(key), want[key], f"{path}.{key}", report)
            else:
                report(path, f"{key} is missing")
    elif isinstance(want, list) and not (want and all(isinstance(x, float) for x in want)):
        if len(got) != len(want):
            return report(path, f"length {len(got)} instead of {len(want)}")
        for i, (g, w) in enumerate(zip(got, want)):
            compare(g, w, f"{path}[{i}]", report)
    elif isinstance(want, (list, float)):
        g, w = (torch.atleast_1d(torch.tensor(x, dtype=torch.float64)) for x in (got, want))
        error = (g - w).abs().max().item() if g.shape == w.shape else float("inf")
        report(path, error, BOUND * max(1.0, w.abs().max().item()))
    elif got != want:
        report(path, f"{got!r} instead of {want!r}")


def check(folder):
    want = json.loads((Path(folder) / "expected.json").read_text())
    config, stored = read_folder(folder)
    got = expected(config, stored, inputs_of(want))
    count, worst, failures = 0, 0.0, []

    def report(path, error, bound=0.0):
        nonlocal count, worst
        count += 1
        if isinstance(error, str) or not error <= bound:
            failures.append(f"{path}: {error}")
        else:
            worst = max(worst, error)

    compare(got, want, "expected", report)
    print(f"{folder}: {count} compared, largest difference {worst:.1e}, {len(failures)} wrong")
    for line in failures[:20]:
        print(f"  {line}")
    return not failures


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(0 if all([check(folder) for folder in sys.argv[1:]]) else 1)
