"""Safetensors files and checkpoint folders: read any, write with control over order, padding, dtypes and shards."""

import json
import struct
from pathlib import Path

import numpy as np
import torch

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "u1"}


def _encode(values, dtype):
    """Bytes of an array in a stored dtype; BF16 by rounding to nearest, ties to even."""
    if dtype != "BF16":
        return np.asarray(values).astype(_NUMPY[dtype]).tobytes()
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)).astype("<u2").tobytes()


def _decode(data, dtype, shape):
    """A float64 array of the stored values, which is exact."""
    stored = np.frombuffer(data, dtype=_NUMPY[dtype])
    if dtype == "BF16":
        stored = (stored.astype("<u4") << np.uint32(16)).view("<f4")
    return stored.astype(np.float64).reshape(shape)


def rounded(values, dtype):
    """The values that are read back after storing `values` as `dtype`, in float64."""
    return _decode(_encode(values, dtype), dtype, np.shape(values))


def write_safetensors(path, tensors, header_order=None, header_padding=0):
    """
    Writes {name: (dtype, array)}; the data lies in the order of `tensors`, the header lists `header_order`. With
    `header_padding` spaces behind the header (after rounding its length up to 8), data may start at an odd byte.
    """
    offset, entries, blobs = 0, {}, []
    for name, (dtype, values) in tensors.items():
        blob = _encode(values, dtype)
        entries[name] = {"dtype": dtype, "shape": list(np.shape(values)), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    header = {"__metadata__": {"format": "pt"}} | {name: entries[name] for name in header_order or tensors}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8 + header_padding)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    """{name: (dtype, float64 array)} of a file."""
    data = Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, end = (start + offset for offset in entry["data_offsets"])
        tensors[name] = (entry["dtype"], _decode(data[first:end], entry["dtype"], entry["shape"]))
    return tensors


def read_folder(folder):
    """(config, {name: (dtype, float64 array)}) of a checkpoint folder, sharded or not."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return config, read_safetensors(folder / "model.safetensors")
    files = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    return config, {name: entry for file in files for name, entry in read_safetensors(folder / file).items()}


def write_folder(folder, config, tensors, shards=1, **layout):
    """Writes config.json and the weights, in `shards` files with an index if more than one."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model*"):
        old.unlink()
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if shards == 1:
        return write_safetensors(folder / "model.safetensors", tensors, **layout)
    names, weight_map, total = list(tensors), {}, 0
    for s in range(shards):
        file = f"model-{s + 1:05}-of-{shards:05}.safetensors"
        # Every shards-th tensor, so that the layers of the model are spread over all files.
        part = {name: tensors[name] for name in names[s::shards]}
        write_safetensors(folder / file, part, header_padding=layout.get("header_padding", 0))
        weight_map |= {name: file for name in part}
        total += sum(len(_encode(values, dtype)) for dtype, values in part.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def as_tensor(values, dtype=torch.float64):
    return torch.tensor(np.asarray(values), dtype=dtype)
