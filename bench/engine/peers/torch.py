"""PyTorch, on the CPU: answers the orchestrator as serve.mjs does."""
import json
import os
import resource
import sys
import time
import traceback

# This file's own name is not to stand in for the package's.
here = sys.path.pop(0)
import torch

sys.path.append(here)
import torch_model as model
import torch.nn.functional as F

folder = sys.argv[1]
with open(os.path.join(folder, "case.json")) as file:
    spec = json.load(file)


def load(name):
    place = spec["tensors"][name]
    x = torch.empty(place["shape"])
    with open(place["file"], "rb") as file:
        file.seek(place["offset"])
        file.readinto(x.numpy().data)
    return x


def load_weights():
    return {name: load(name) for name in spec["tensors"] if not name.startswith("input.")}


def digest(x, count=16):
    flat = x.detach().flatten()
    stride = max(1, flat.numel() // count)
    return {"entries": flat[stride >> 1 :: stride][:count].tolist(), "norm": [flat.double().norm().item()]}


def digests(tensors):
    return {f"{name} {key}": value for name, x in tensors.items() for key, value in digest(x).items()}


class Item:
    """`check()` gives numbers by name; `run()` does the work once."""

    def __init__(self, run, check):
        self.run, self.check = run, check


def gemm():
    def item(name):
        a, b = load(f"input.{name}.a"), load(f"input.{name}.b")
        return Item(lambda: void(a @ b), lambda: {"entries": digest(a @ b, 64)["entries"]})

    return {name: item(name) for name in spec["items"]}


def void(_):
    return None


def elementwise():
    a, b, gain, bias = (load(f"input.{name}") for name in ("a", "b", "gain", "bias"))
    work = {
        "add": lambda: a + b,
        "softmax": lambda: F.softmax(a, -1),
        "layerNorm": lambda: F.layer_norm(a, a.shape[-1:], gain, bias, 1e-5),
        "gelu": lambda: F.gelu(a, approximate="tanh"),
    }
    return {
        name: Item(lambda f=f: void(f()), lambda f=f: {"entries": digest(f(), 64)["entries"]}) for name, f in work.items()
    }


def dispatch():
    x, y = load("input.x"), load("input.y")

    def chain(v):
        for _ in range(spec["ops"] // 2):
            v = v * y + y
        return v

    def gradient():
        v = x.clone().requires_grad_()
        return torch.autograd.grad(chain(v).sum(), v)[0]

    with_forward = Item(lambda: void(chain(x)), lambda: {"all": chain(x).tolist()})
    return {"forward": with_forward, "gradient": Item(lambda: void(gradient()), lambda: {"all": gradient().tolist()})}


def training(parameters, loss):
    for x in parameters.values():
        x.requires_grad_()
    optimizer = torch.optim.Adam(parameters.values(), lr=spec["lr"])

    def run():
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimizer.step()
        return {"loss": value.item()}

    def check():
        loss().backward()
        gradients = digests({name: parameters[name].grad for name in spec["checked"]})
        return {"losses": [run()["loss"] for _ in range(3)], **gradients}

    return {"step": Item(run, check)}


def train():
    weights = load_weights()
    ids, targets = torch.tensor(spec["ids"]), torch.tensor(spec["targets"])
    return training(weights, lambda: model.language_model_loss(weights, spec["model"], ids, targets))


def intervene():
    weights = load_weights()
    theta = {name: load(f"input.{name}") for name in spec["checked"]}
    ids = torch.tensor(spec["ids"])
    return training(theta, lambda: model.intervention_loss(theta, weights, spec["model"], ids, spec["tokens"]))


def forward():
    weights, ids = load_weights(), torch.tensor(spec["ids"])

    @torch.inference_mode()
    def logits():
        return model.last_logits(weights, spec["model"], ids)

    return {"step": Item(lambda: void(logits()), lambda: digest(logits()))}


def generate():
    weights = load_weights()

    @torch.inference_mode()
    def new():
        return model.generate(weights, spec["model"], spec["ids"][0], spec["newTokens"])

    return {"step": Item(lambda: void(new()), lambda: {"ids": new()})}


def measure(item, count):
    ms, values = [], {}
    for _ in range(count):
        start = time.perf_counter()
        result = item.run()
        ms.append(1000 * (time.perf_counter() - start))
        for name, value in (result or {}).items():
            values.setdefault(name, []).append(value)
    return {"ms": ms, "values": values}


def memory():
    try:
        with open("/proc/self/status") as file:
            status = dict(line.split(":", 1) for line in file)
        return {key: int(status[name].split()[0]) * 1024 for key, name in (("rss", "VmRSS"), ("peak", "VmHWM"))}
    except OSError:
        # Bytes on macOS, KiB elsewhere.
        unit = 1 if sys.platform == "darwin" else 1024
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return {"rss": most, "peak": most}


def answer(message):
    print(json.dumps(message), flush=True)


try:
    items = globals()[spec["kind"]]()
    version = {"version": torch.__version__, "threads": torch.get_num_threads()}
    answer({"ready": True, "info": {**version, "openblas": os.environ.get("OPENBLAS_NUM_THREADS", "default")}})
except Exception:
    answer({"error": traceback.format_exc()})
    sys.exit(1)
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "quit":
        break
    try:
        if request["do"] == "memory":
            answer(memory())
        elif request["do"] == "check":
            answer({"result": items[request["item"]].check()})
        else:
            answer(measure(items[request["item"]], request["count"]))
    except Exception:
        answer({"error": traceback.format_exc()})
