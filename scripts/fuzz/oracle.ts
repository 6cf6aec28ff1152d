import { loadModel } from "fader";
import { FaderError, OutOfMemoryError } from "fader/autograd";
import {
  CheckpointError,
  KVCache,
  type Model,
  NotFoundError,
  readCheckpoint,
  TokenError,
  type Tokenizer,
  writeCheckpoint,
} from "fader/nn";
import { ArgumentError, memoryUse, step } from "fader/tensor";
import { sourceOf } from "./access";
import type { Case } from "./cases";
import { decodeFolder, demandsOf } from "./decode";
import { type Files, textOf } from "./folder";
import { texts } from "./tokenizers";

export type Outcome = "loaded" | "refused";

const MIB = 2 ** 20;

/** A model that is a few hundred kilobytes needs no more. */
const limits = { engine: 192 * MIB, process: 1200 * MIB };

/** Loads the folder of a case and checks all that must hold. Throws an `Error` that says what does not. */
export async function judge(testCase: Case): Promise<Outcome> {
  const { files, before, dtype, access, expected } = testCase;
  const source = sourceOf(files, access);
  let model: Model;
  try {
    model = await loadModel(source, { dtype });
  } catch (error) {
    checkError(error, files, [CheckpointError, NotFoundError, ArgumentError, OutOfMemoryError]);
    checkMemory();
    if (expected !== "same") return "refused";
    throw new Error(`refused although nothing changed: ${(error as Error).message}`);
  }
  if (expected === "refused") throw new Error("loaded although it must not");
  checkWeights(model, files, dtype);
  const results = resultsOf(model, files);
  if (expected === "same") {
    const original = await loadModel(sourceOf(before, "memory"), { dtype });
    const wanted = resultsOf(original, before);
    if (JSON.stringify(results) !== JSON.stringify(wanted)) throw new Error("the results changed");
  }
  checkMemory();
  return "loaded";
}

type ErrorClass = new (...args: never[]) => FaderError;

/** A typed error that one can read. */
function checkError(error: unknown, files: Files, allowed: readonly ErrorClass[]): void {
  const { name, message, stack } = error as Error;
  const fail = (why: string) => {
    throw new Error(`${why}: ${name}: ${message.slice(0, 500)}\n${stack?.split("\n    at ").slice(1, 6).join("\n  ")}`);
  };
  if (!(error instanceof FaderError)) fail("an error without a type");
  if (!allowed.some((type) => error instanceof type)) fail("an error of a strange type");
  if (message.length >= 2000) fail(`a message of ${message.length} characters`);
  if (!/^[^\n:]{1,200}: \S/.test(message)) fail("a message that does not say where");
  for (const nonsense of [
    "undefined",
    "[object Object]",
    "NaN",
    "Maximum call stack",
    "is not a function",
    "is not iterable",
  ]) {
    if (!message.includes(nonsense) || / holds NaN at element /.test(message)) continue;
    if (![...files].some(([file, bytes]) => file.includes(nonsense) || textOf(bytes).includes(nonsense))) {
      fail(`a message with "${nonsense}"`);
    }
  }
}

function checkMemory(): void {
  const { reserved } = memoryUse();
  if (reserved > limits.engine) throw new Error(`the engine's memory grew to ${Math.round(reserved / MIB)} MiB`);
  const { rss } = process.memoryUsage();
  if (rss > limits.process) throw new Error(`the process takes ${Math.round(rss / MIB)} MiB`);
}

/** Every weight has the shape that the configuration demands and the values that its bytes say. */
function checkWeights(model: Model, files: Files, dtype: Case["dtype"]): void {
  const demands = demandsOf(JSON.parse(textOf(files.get("config.json")!).replace(/^\ufeff/, "")));
  const { config } = model;
  const said = [config.n_heads, config.n_kv_heads, config.d_head, config.n_ctx, config.vocab_size];
  const wanted = [demands.heads, demands.kvHeads, demands.dHead, demands.context, demands.vocabulary];
  if (said.join() !== wanted.join()) throw new Error(`sizes ${said}, not ${wanted}`);
  const stored = decodeFolder(files);
  const names = Object.keys(model.weights);
  if (names.length !== demands.shapes.size) throw new Error(`${names.length} weights, not ${demands.shapes.size}`);
  for (const [bare, shape] of demands.shapes) {
    const fits = names.filter((name) => name === bare || name.endsWith(`.${bare}`));
    if (fits.length !== 1) throw new Error(`${fits.length} weights are called ${bare}`);
    const weight = model.weights[fits[0]!]!;
    const { shape: storedShape, values } = stored.get(fits[0]!)!;
    const shapes = [weight.shape, shape, storedShape].map(String);
    if (new Set(shapes).size > 1)
      throw new Error(`${bare} is [${shapes[0]}], config [${shapes[1]}], file [${shapes[2]}]`);
    checkValues(bare, Array.from(weight.toTypedArray(), Number), values, precisionOf(weight.dtype, dtype));
  }
}

/** Largest relative and absolute error of a number kept in so many bits; 0 where it must be exact. */
function precisionOf(kept: string, asked: Case["dtype"]): [relative: number, absolute: number] {
  if (asked === "auto") return [0, 0];
  if (kept === "f16") return [2 ** -11, 2 ** -25];
  return kept === "bf16" ? [2 ** -8, 2 ** -134] : [0, 0];
}

function checkValues(name: string, got: number[], stored: number[], [relative, absolute]: [number, number]): void {
  if (got.length !== stored.length) throw new Error(`${name} has ${got.length} values, not ${stored.length}`);
  const isExact = relative === 0;
  stored.forEach((value, i) => {
    const isRight = isExact
      ? Object.is(got[i], value) || got[i] === Math.fround(value)
      : Math.abs(got[i]! - value) <= Math.max(relative * Math.abs(value), absolute);
    if (!isRight) throw new Error(`${name} holds ${got[i]} at ${i}, the file ${value}`);
  });
}

/** What a model computes and its tokenizer says. */
function resultsOf(model: Model, files: Files): unknown {
  const { vocab_size, n_ctx } = model.config;
  const ids = [3, 1, 4, 1, 5].map((id) => id % vocab_size).slice(0, n_ctx);
  const logits = step(() => {
    const { logits } = model.forward(ids);
    if (`${logits.shape}` !== `1,${ids.length},${vocab_size}`) throw new Error(`logits are [${logits.shape}]`);
    return Array.from(logits.toTypedArray(), Number);
  });
  const largest = Math.max(...Object.values(model.weights).map((x) => step(() => Math.max(...absolutes(x)))));
  // Weights this large are a file's own fault.
  if (largest < 1e4 && !logits.every(Number.isFinite)) throw new Error("logits are not finite");
  checkCache(model, ids, logits);
  checkAgain(model, ids, logits);
  return { logits, tokens: model.tokenizer && tokensOf(model.tokenizer, files) };
}

const absolutes = (x: Model["weights"][string]) => Array.from(x.toTypedArray(), (value) => Math.abs(Number(value)));

/** A cache takes the memory of what was read, whatever the context may be. */
function checkCache(model: Model, ids: number[], logits: readonly number[]): void {
  const cache = new KVCache(model);
  try {
    const { logits: again } = model.forward(ids, { cache });
    const values = Array.from(again.toTypedArray(), Number);
    if (logits.every(Number.isFinite) && !values.every(Number.isFinite)) throw new Error("with a cache not finite");
  } finally {
    cache.release();
  }
}

/** What was loaded can be saved, and is the same. Not in 16 bits, where vectors keep more bits than they had. */
function checkAgain(model: Model, ids: number[], logits: readonly number[]): void {
  if (model.dtype !== "f32") return;
  const files = writeCheckpoint(model);
  const again = readCheckpoint({ ...files, config: JSON.parse(JSON.stringify(files.config)) }, { dtype: "auto" });
  const values = step(() => Array.from(again.forward(ids).logits.toTypedArray(), Number));
  if (!values.every((value, i) => Object.is(value, logits[i])))
    throw new Error("saved and read back it is another model");
}

/** What a tokenizer makes of some texts: ids and texts, or typed errors. */
function tokensOf(tokenizer: Tokenizer, files: Files): unknown {
  const attempt = <T>(run: () => T): T | string => {
    try {
      return run();
    } catch (error) {
      checkError(error, files, [TokenError, CheckpointError]);
      return (error as Error).message;
    }
  };
  return texts.map((text) => {
    const ids = attempt(() => tokenizer.encode(text));
    const single = attempt(() => tokenizer.single(text));
    const tokens = attempt(() => tokenizer.tokens(text));
    const unknown = attempt(() => tokenizer.unknownWords(text));
    const decoded = typeof ids === "string" ? ids : attempt(() => tokenizer.decode(ids));
    if (typeof ids !== "string") checkIds(ids, tokenizer);
    if (typeof single !== "string") checkIds([single], tokenizer);
    for (const list of [tokens, unknown]) {
      if (Array.isArray(list) && !list.every((piece) => typeof piece === "string"))
        throw new Error("a token is no text");
    }
    if (typeof decoded !== "string") throw new Error("a decoded text is no text");
    return [ids, single, tokens, unknown, decoded];
  });
}

function checkIds(ids: readonly number[], { vocabSize }: Tokenizer): void {
  const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (bad >= 0) throw new Error(`token id ${ids[bad]} of a vocabulary of ${vocabSize}`);
}
