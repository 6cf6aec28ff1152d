import type { Random } from "fader/autograd";
import { isHead } from "./bases";
import { toFloats } from "./decode";
import { type Draft, joined, type Mutation, type Stored } from "./folder";

const encoder = new TextEncoder();

/** Changes tensors so that the model stays the same. */
export function rearrangeWeights(draft: Draft, random: Random): Mutation {
  const { shards } = draft;
  const all = shards.flat();
  const { model_type: type } = draft.config;
  const variants: Record<string, () => void> = {
    "data in another order": () => {
      draft.shards = shards.map((shard) => random.shuffle(shard));
    },
    "headers in another order": () => {
      draft.isShuffled = true;
    },
    "spaces behind the header": () => {
      draft.padding = random.integer(1, 70);
    },
    "more metadata": () => {
      const text = random.pick(["", "x".repeat(5000), "\ud800🙂\u0000", '{"a":[]}']);
      draft.metadata = Object.fromEntries([
        ["__proto__", text],
        ["constructor", "y"],
        ["wte.weight", text],
      ]);
    },
    "a buffer": () => {
      const shard = random.pick(shards);
      const more = buffer(type, random);
      if (!all.some(({ name }) => bareName(name) === bareName(more.name))) {
        shard.splice(random.integer(0, shard.length + 1), 0, more);
      }
    },
    "another prefix": () => {
      const prefix = random.pick(["", "model.", "transformer.", "a.b.c.", "__proto__.", "🙂."]);
      for (const tensor of all) if (!isHead(tensor.name)) tensor.name = prefix + bareName(tensor.name);
    },
    "a wider dtype": () => {
      for (const tensor of random.shuffle(all).slice(0, random.integer(1, 4))) widen(tensor);
    },
    "other shards": () => {
      const cuts = random.integer(1, 6);
      const parts: Stored[][] = Array.from({ length: cuts }, () => []);
      for (const tensor of all) random.pick(parts).push(tensor);
      draft.shards = parts.filter((part) => part.length > 0);
    },
    "the head of a tied model": () => {
      const table = all.find(({ name }) => /(wte|embed_tokens|embed_in)\.weight$/.test(name))!;
      const name = type === "gpt_neox" ? "embed_out.weight" : "lm_head.weight";
      if (!all.some((tensor) => tensor.name === name)) shards[0]!.push({ ...table, name, bytes: table.bytes.slice() });
    },
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  return { what: `weights: ${what}`, expected: "same" };
}

/** A name without what stands before it. */
function bareName(name: string): string {
  const start =
    /(?<=^|\.)(wte|wpe|ln_f|embed_tokens|embed_in|final_layer_norm|norm\.|lm_head|embed_out|rotary_emb|h\.\d|layers\.\d)/.exec(
      name,
    );
  return name.slice(start?.index ?? 0);
}

/** A stored tensor that is no parameter, of any dtype; one byte of it makes all that follows lie at odd places. */
function buffer(type: unknown, random: Random): Stored {
  const layer = random.integer(0, 3);
  const names: Record<string, string[]> = {
    gpt2: [`transformer.h.${layer}.attn.bias`, `h.${layer}.attn.masked_bias`],
    gpt_neox: [`gpt_neox.layers.${layer}.attention.bias`, `gpt_neox.layers.${layer}.attention.rotary_emb.inv_freq`],
    llama: [`model.layers.${layer}.self_attn.rotary_emb.inv_freq`, "model.rotary_emb.inv_freq"],
  };
  const name = random.pick(names[type as string]!);
  const [dtype, size] = random.pick([
    ["U8", 1],
    ["BOOL", 1],
    ["F8_E4M3", 1],
    ["F16", 2],
    ["F32", 4],
    ["I64", 8],
  ] as const);
  const shape = random.pick([[], [0], [1], [3], [1, 1, 3, 3], [2, 0, 5]]);
  const bytes = Uint8Array.from({ length: countOf(shape) * size }, () => random.integer(0, 256));
  return { name, dtype, shape, bytes };
}

const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function widen(tensor: Stored): void {
  if (!["F32", "F16", "BF16"].includes(tensor.dtype)) return;
  const values = toFloats(tensor.dtype, tensor.bytes);
  const isSingle = tensor.dtype !== "F32";
  tensor.bytes = new Uint8Array((isSingle ? Float32Array.from(values) : Float64Array.from(values)).buffer);
  tensor.dtype = isSingle ? "F32" : "F64";
}

/** Changes tensors so that they are no longer those of the model. */
export function spoilWeights(draft: Draft, random: Random): Mutation {
  const { shards } = draft;
  const shard = random.pick(shards);
  const tensor = random.pick(shard);
  const extra = (name: string): Stored => ({ name, dtype: "F32", shape: [2], bytes: new Uint8Array(8) });
  const variants: Record<string, () => void> = {
    missing: () => shard.splice(shard.indexOf(tensor), 1),
    renamed: () => {
      tensor.name = random.pick([
        `${tensor.name}s`,
        tensor.name.slice(0, -1),
        `${tensor.name}.weight`,
        "",
        "__proto__",
      ]);
    },
    unexpected: () =>
      shard.push(
        extra(random.pick(["__proto__", "constructor", "", "x\u0000y", "n".repeat(100_000), "a.weight", "\n"])),
      ),
    "many unexpected": () => shard.push(...Array.from({ length: 3000 }, (_, i) => extra(`${"deep.".repeat(9)}${i}`))),
    "as integers": () => {
      const size = { F32: 4, F16: 2, BF16: 2, F64: 8 }[tensor.dtype]!;
      tensor.dtype = random.pick(size === 4 ? ["I32", "U32"] : size === 2 ? ["I16", "U16"] : ["I64", "C64"]);
    },
    "as eights of bits": () => {
      tensor.dtype = random.pick(["F8_E4M3", "U8", "BOOL"]);
      tensor.bytes = tensor.bytes.slice(0, countOf(tensor.shape));
    },
    "of another rank": () => {
      tensor.shape = random.pick([
        [1, ...tensor.shape],
        [...tensor.shape, 1],
        [countOf(tensor.shape), 1, 1],
      ]);
    },
    transposed: () => {
      const [a, b] = tensor.shape;
      if (b === undefined || a === b) tensor.shape = [1, ...tensor.shape];
      else tensor.shape.reverse();
    },
    "without elements": () => {
      tensor.shape = [0, ...tensor.shape.slice(1)];
      tensor.bytes = new Uint8Array(0);
    },
    "a row less": () => {
      tensor.shape[0]! -= 1;
      tensor.bytes = tensor.bytes.slice(0, (tensor.bytes.length / (tensor.shape[0]! + 1)) * tensor.shape[0]!);
    },
    "a row more": () => {
      const row = tensor.bytes.slice(0, tensor.bytes.length / tensor.shape[0]!);
      tensor.shape[0]! += 1;
      tensor.bytes = joined([tensor.bytes, row]);
    },
    "not finite": () => spoil(tensor, random),
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  // Headers must name their tensors once, and a shard of none is not written.
  draft.shards = shards.filter((part) => part.length > 0);
  return { what: `weights: ${tensor.name} ${what}`, expected: "refused" };
}

/** NaN or an infinity somewhere, in the bits of the dtype. */
function spoil(tensor: Stored, random: Random): void {
  const view = new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength);
  const at = random.integer(0, countOf(tensor.shape));
  const sign = random.pick([0, 1]);
  if (tensor.dtype === "F32")
    view.setUint32(at * 4, sign * 2 ** 31 + random.pick([0x7f800000, 0x7fc00000, 0x7f800001]), true);
  else if (tensor.dtype === "F64") view.setFloat64(at * 8, random.pick([Number.NaN, Number.POSITIVE_INFINITY]), true);
  else view.setUint16(at * 2, sign * 0x8000 + (tensor.dtype === "F16" ? 0x7c00 : 0x7f80) + random.pick([0, 1]), true);
}

/** Changes values, or what belongs to which name: another model, which is as good. */
export function replaceWeights({ shards }: Draft, random: Random): Mutation {
  const tensors = shards.flat();
  const tensor = random.pick(tensors);
  const like = tensors.filter((other) => other.dtype === tensor.dtype && other.bytes.length === tensor.bytes.length);
  const other = random.pick(like);
  const variants: Record<string, () => void> = {
    "other bytes": () => {
      tensor.bytes = tensor.bytes.map((byte) => (random.uniform() < 0.1 ? random.integer(0, 256) : byte));
    },
    zeros: () => tensor.bytes.fill(0),
    "the values of another": () => ([tensor.bytes, other.bytes] = [other.bytes, tensor.bytes]),
    "the name of another": () => ([tensor.name, other.name] = [other.name, tensor.name]),
    "the bits of another dtype": () => {
      const pairs: Record<string, string> = { F16: "BF16", BF16: "F16", F32: "I32", F64: "F64" };
      tensor.dtype = pairs[tensor.dtype]!;
    },
    "huge but finite": () => {
      const bits = tensor.dtype === "F16" ? 0x7bff : 0x7f7f;
      const view = new DataView(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength);
      view.setUint16(tensor.dtype === "F32" ? 2 : 0, bits, true);
    },
    "a number's smallest": () => {
      tensor.bytes[0] = 1;
      tensor.bytes.fill(0, 1, 2);
    },
    "a name in UTF-8": () => {
      tensor.name = new TextDecoder().decode(encoder.encode(tensor.name).map((byte, i) => (i === 3 ? byte ^ 1 : byte)));
    },
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  return { what: `weights: ${tensor.name} has ${what}`, expected: "either" };
}
