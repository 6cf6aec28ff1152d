import type { Random } from "fader/autograd";
import { type Model, readCheckpoint, readSafetensors, writeCheckpoint } from "fader/nn";
import { type TinyFamily, tinyFamilies, tinyFamilyNames, tinyModel, tinyOf } from "../../tests/helpers/tiny";
import type { Draft, Stored } from "./folder";
import { type TokenizerKind, tokenizerKinds, tokenizers } from "./tokenizers";

/** The checkpoints that mutations start from: every kind of block, tied and untied, in three dtypes, whole or in shards. */

export type Kind = TinyFamily | "gpt2, untied";
export const kinds: readonly Kind[] = [...tinyFamilyNames, "gpt2, untied"];
const prefixes = { gpt2: "transformer.", gpt_neox: "gpt_neox.", llama: "model." };
const dtypes = ["f32", "f16", "bf16"] as const;

export interface Base {
  readonly name: string;
  readonly kind: Kind;
  readonly draft: Draft;
}

const made = new Map<string, Stored[]>();

/** One of the bases; `family` narrows the choice to a `model_type`. The draft is the caller's to change. */
export function pickBase(random: Random, family?: string): Base {
  const kind = random.pick(kinds.filter((name) => family === undefined || typeOf(name) === family));
  const dtype = random.pick(dtypes);
  const shards = random.pick([1, 1, 2, 3]);
  return makeBase(kind, dtype, shards, random.pick(tokenizerKinds));
}

function makeBase(kind: Kind, dtype: (typeof dtypes)[number], shards: number, tokenizer: TokenizerKind): Base {
  const key = `${kind}, ${dtype}`;
  if (!made.has(key)) made.set(key, storedOf(modelOf(kind), dtype));
  const tensors = made
    .get(key)!
    .map((tensor) => ({ ...tensor, shape: [...tensor.shape], bytes: tensor.bytes.slice() }));
  const [json, config] = structuredClone(tokenizers[tokenizer]);
  const each = Math.ceil(tensors.length / shards);
  const draft: Draft = {
    config: configOf(kind),
    tokenizer: json,
    tokenizerConfig: config,
    shards: Array.from({ length: shards }, (_, i) => tensors.slice(i * each, (i + 1) * each)),
    metadata: { format: "pt" },
    padding: 0,
    isShuffled: false,
    print: (value) => JSON.stringify(value),
  };
  return { name: `${key}, ${shards} file(s), ${tokenizer}`, kind, draft };
}

export function typeOf(kind: Kind): keyof typeof prefixes {
  return configOf(kind).model_type as keyof typeof prefixes;
}

function configOf(kind: Kind): Record<string, unknown> {
  if (kind === "gpt2, untied") return { ...tinyFamilies.gpt2, tie_word_embeddings: false };
  return structuredClone(tinyFamilies[kind]);
}

function modelOf(kind: Kind): Model {
  return kind === "gpt2, untied" ? tinyModel({ tie_word_embeddings: false }) : tinyOf(kind);
}

/** The tensors of a model under the names of published files. */
function storedOf(model: Model, dtype: (typeof dtypes)[number]): Stored[] {
  const { weights } = writeCheckpoint(readCheckpoint(writeCheckpoint(model), { dtype }));
  const prefix = prefixes[model.config.model_type as keyof typeof prefixes];
  return [...readSafetensors(weights).tensors.values()].map(({ name, dtype, shape, bytes }) => ({
    name: isHead(name) ? name : prefix + name,
    dtype,
    shape,
    bytes: bytes.slice(),
  }));
}

export const isHead = (name: string) => name === "lm_head.weight" || name === "embed_out.weight";
