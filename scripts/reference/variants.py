"""
The checkpoints that `make.py` writes: what is unusual about each, as config fields and ways of storing. Between them
they hold what real checkpoints differ in.

Ways of storing (all optional): dtype; norm_dtype (norms apart from the rest); prefix (False: names without it);
buffers (dtype of the masks, rotary frequencies are F32); store_head (also the head of a tied model); shuffle (header in
another order than the data); odd (a buffer of odd length first and a header of odd length, so tensors start at odd
bytes); shards; subnormal (values of the output projection so small that F16 stores most of them as subnormals);
brief (few, short expected values); sequences (long continuations and mean losses, too).
"""


def gpt2(**own):
    return {
        "model_type": "gpt2", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "n_embd": 24, "n_head": 4,
        "n_inner": None, "n_layer": 2, "n_positions": 24, "vocab_size": 41, "bos_token_id": 0, "eos_token_id": 0,
    } | own  # fmt: skip


def neox(**own):
    return {
        "model_type": "gpt_neox", "hidden_act": "gelu", "hidden_size": 24, "intermediate_size": 96,
        "layer_norm_eps": 1e-5, "max_position_embeddings": 24, "num_attention_heads": 3, "num_hidden_layers": 2,
        "rotary_emb_base": 10000,
        "rotary_pct": 0.25, "tie_word_embeddings": False, "use_parallel_residual": True, "vocab_size": 43,
        "bos_token_id": 0, "eos_token_id": 0,
    } | own  # fmt: skip


def llama(**own):
    return {
        "model_type": "llama", "hidden_act": "silu", "hidden_size": 24, "intermediate_size": 52, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 24, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2,
        "rope_theta": 10000.0, "rope_scaling": None, "attention_bias": False, "mlp_bias": False,
        "tie_word_embeddings": False, "vocab_size": 39, "bos_token_id": 1, "eos_token_id": 2,
    } | own  # fmt: skip


LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip

VARIANTS = {
    "gpt2-prefix-buffers-bool": (gpt2(n_head=3), {"prefix": True, "buffers": "BOOL", "shuffle": True}),
    "gpt2-untied-buffers-u8": (gpt2(tie_word_embeddings=False, vocab_size=37), {"prefix": False, "buffers": "U8"}),
    "gpt2-inner-relu-eps": (gpt2(n_inner=50, activation_function="relu", layer_norm_epsilon=1e-2), {"shards": 3}),
    "gpt2-f16-odd": (gpt2(n_embd=25, n_head=5, vocab_size=33), {"dtype": "F16", "odd": True, "store_head": True}),
    "gpt2-bf16-gelu": (
        gpt2(activation_function="gelu", n_layer=3),
        {"dtype": "BF16", "buffers": "F32", "prefix": True},
    ),
    "gpt2-one-layer": (
        gpt2(n_layer=1, n_embd=21, n_head=7, vocab_size=35, activation_function="gelu_pytorch_tanh"),
        {},
    ),
    "neox-sequential": (neox(use_parallel_residual=False, rotary_pct=0.5), {"shuffle": True, "buffers": "BOOL"}),
    "neox-rotary-floor": (neox(hidden_size=36, num_attention_heads=2, rotary_emb_base=500), {"prefix": False}),
    "neox-rotary-all": (neox(hidden_size=20, num_attention_heads=1, rotary_pct=1.0), {"shards": 2, "buffers": "U8"}),
    "neox-f16-odd": (neox(layer_norm_eps=1e-3, vocab_size=45), {"dtype": "F16", "odd": True, "subnormal": True}),
    "neox-bf16-relu": (
        neox(hidden_act="relu", num_attention_heads=6, rotary_pct=1.0),
        {"dtype": "BF16", "shuffle": True},
    ),
    "neox-tied": (neox(tie_word_embeddings=True, hidden_act="gelu_new"), {"store_head": True, "norm_dtype": "F16"}),
    "neox-one-layer": (
        neox(num_hidden_layers=1, attention_bias=False, intermediate_size=50),
        {"buffers": "F32", "odd": True},
    ),
    "llama-mqa": (
        llama(num_attention_heads=6, num_key_value_heads=1),
        {"prefix": False, "buffers": True, "sequences": True},
    ),
    "llama-llama3": (llama(rope_theta=500000.0, rope_scaling=LLAMA3, hidden_size=40), {"dtype": "BF16", "shards": 2}),
    "llama-tied-eps": (llama(tie_word_embeddings=True, rms_norm_eps=1e-2), {"store_head": True, "shuffle": True}),
    "llama-head-dim": (llama(head_dim=10, num_attention_heads=3, num_key_value_heads=3, rms_norm_eps=1e-3), {}),
    "llama-biases": (
        llama(attention_bias=True, mlp_bias=True, head_dim=8, vocab_size=51),
        {"dtype": "F16", "odd": True},
    ),
    "llama-f16-subnormal": (
        llama(tie_word_embeddings=True),
        {"dtype": "F16", "subnormal": True, "shards": 2, "odd": True},
    ),
    "llama-bf16-theta": (llama(rope_theta=500000.0, hidden_act="gelu"), {"dtype": "BF16", "norm_dtype": "F32"}),
    "llama-one-layer": (llama(num_hidden_layers=1, hidden_act="relu", vocab_size=29), {"buffers": True, "odd": True}),
}

# Configs that leave out what has a default, and names of older and newer versions.
_given = ("model_type", "n_embd", "n_head", "n_layer", "n_positions", "vocab_size", "hidden_size", "intermediate_size",
          "max_position_embeddings", "num_attention_heads", "num_hidden_layers")  # fmt: skip
for _family in (gpt2, neox, llama):
    _full = _family()
    VARIANTS[f"{_full['model_type'].replace('gpt_', '')}-defaults"] = ({k: _full[k] for k in _given if k in _full}, {})
VARIANTS["llama-linear"] = (llama(rope_scaling={"type": "linear", "factor": 2.0}), {})
_older = {"type" if key == "rope_type" else key: value for key, value in LLAMA3.items()}
VARIANTS["llama-llama3-type"] = (llama(rope_scaling=_older, head_dim=8), {})
VARIANTS["neox-linear"] = (neox(rotary_pct=0.5, rope_scaling={"type": "linear", "factor": 4.0}), {"prefix": False})
VARIANTS["neox-rope-parameters"] = (
    {k: v for k, v in neox(hidden_size=36).items() if not k.startswith("rotary")}
    | {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0, "partial_rotary_factor": 0.5}},
    {},
)
VARIANTS["llama-rope-parameters"] = (
    {k: v for k, v in llama().items() if not k.startswith("rope")}
    | {"rope_parameters": {"rope_theta": 500000.0, **LLAMA3}, "dtype": "float32"},
    {},
)

# Small ones that the tests always have.
OWN = {
    "gpt2-untied": (
        gpt2(n_embd=12, n_head=3, n_inner=20, vocab_size=13, n_positions=12, tie_word_embeddings=False),
        {"prefix": False, "buffers": "U8", "brief": True},
    ),
    "gpt2-f16": (
        gpt2(n_embd=15, n_head=3, n_inner=20, vocab_size=15, n_positions=12, n_layer=1, activation_function="relu"),
        {"prefix": True, "dtype": "F16", "store_head": True, "odd": True, "shuffle": True, "brief": True},
    ),
    "neox-parallel": (
        neox(hidden_size=12, num_attention_heads=1, intermediate_size=20, vocab_size=14, rotary_pct=0.5,
             num_hidden_layers=1),
        {"buffers": "BOOL", "dtype": "BF16", "brief": True},
    ),  # fmt: skip
    "neox-sequential": (
        neox(hidden_size=20, num_attention_heads=2, intermediate_size=20, vocab_size=13, rotary_pct=0.45,
             use_parallel_residual=False),
        {"prefix": False, "shuffle": True, "brief": True},
    ),  # fmt: skip
    "llama-mqa": (
        llama(hidden_size=16, num_attention_heads=2, num_key_value_heads=1, intermediate_size=20, vocab_size=15,
              rope_theta=500000.0, rope_scaling=LLAMA3, tie_word_embeddings=True),
        {"dtype": "BF16", "shards": 2, "brief": True},
    ),  # fmt: skip
    "llama-gqa": (
        llama(hidden_size=14, head_dim=4, num_attention_heads=4, intermediate_size=20, vocab_size=13,
              attention_bias=True),
        {"dtype": "F16", "subnormal": True, "odd": True, "shuffle": True, "buffers": True, "brief": True,
         "sequences": True},
    ),  # fmt: skip
}
