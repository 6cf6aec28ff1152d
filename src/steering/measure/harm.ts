import { ArgumentError, step, type Tensor, tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type AnyIntervention, mapOf, positionsOf } from "../learn/any-intervention";
import { checkBetas } from "./dial";

/** One text at one β. */
export interface TextHarm {
  /** Tokens that are predicted: all but the first. */
  tokens: number;
  /** Mean negative log-likelihood, in nats per token. */
  nll: number;
  /** Mean KL(clean ‖ steered) of the next-token distributions, in nats. */
  kl: number;
}

/** Means over the tokens of all texts at one β. */
export interface HarmAtBeta extends TextHarm {
  beta: number;
  /** e to the mean negative log-likelihood. */
  perplexity: number;
  /** Every text, in the order given: what intervals are made from. */
  texts: readonly TextHarm[];
}

/** The harm of an intervention to texts that have nothing to do with its task. */
export interface Harm {
  /** The model as it is. */
  clean: HarmAtBeta;
  /** For each β, in the order given. */
  steered: readonly HarmAtBeta[];
  /**
   * Share of the edited places that lie within a text, mean over texts: 1 for what is not tied to positions. Below 1
   * some edits find no token to change, and harm is smaller than on longer texts.
   */
  covered: number;
}

/** Logits that are held at once for one β. */
const logitsAtOnce = 2 ** 22;

/**
 * Measures perplexity and change of the next-token distribution on texts off the task, at each β. What is tied to positions edits
 * the tokens that stand there in these texts, counted from their start: position 3 is the fourth token of any text.
 *
 * `texts`: texts or token ids, of any lengths from 2 tokens up to the context and one.
 *
 * @throws ArgumentError for other lengths, for no texts, and for no or infinite β.
 */
export function harm(
  model: Model,
  texts: readonly (string | readonly number[])[],
  intervention: AnyIntervention,
  { betas = [-1, 1] }: { betas?: readonly number[] } = {},
): Harm {
  checkBetas("harm", betas);
  const ids = texts.map((text, i) => idsOf(model, text, i));
  if (ids.length === 0) throw new ArgumentError("harm", "no texts given");
  const found = [0, ...betas].map((): TextHarm[] => []);
  const longest = Math.max(...ids.map((text) => text.length));
  const size = Math.max(1, Math.floor(logitsAtOnce / (longest * model.config.vocab_size)));
  for (let at = 0; at < ids.length; at += size) {
    measure(model, ids.slice(at, at + size), intervention, betas).forEach((rows, i) => {
      found[i]!.push(...rows);
    });
  }
  const [clean, ...steered] = found.map((rows, i) => total(i === 0 ? 0 : betas[i - 1]!, rows));
  const places = positionsOf(intervention, model.config);
  return { clean: clean!, steered, covered: coverage(places, ids) };
}

function idsOf(model: Model, text: string | readonly number[], i: number): readonly number[] {
  const ids = typeof text === "string" ? model.encode(text) : text;
  const most = model.config.n_ctx + 1;
  if (ids.length >= 2 && ids.length <= most) return ids;
  throw new ArgumentError("harm", `text ${i} has ${ids.length} ${ids.length === 1 ? "token" : "tokens"}`, {
    hint: `Use texts of 2 to ${most} tokens.`,
  });
}

/** The texts without intervention, then at each β. */
function measure(
  model: Model,
  texts: readonly (readonly number[])[],
  intervention: AnyIntervention,
  betas: readonly number[],
): TextHarm[][] {
  return step(() => {
    const inputs = texts.map((ids) => ids.slice(0, -1));
    const { logits, padding } = model.forward(inputs);
    const clean = logits.logSoftmax();
    const [rows, columns] = logits.shape as [number, number];
    const next = texts.flatMap((ids, r) => [...new Array<number>(padding[r]!).fill(0), ...ids.slice(1)]);
    const targets = tensor(next, { dtype: "i32", shape: [rows, columns, 1] });
    const summed = (x: Tensor) => {
      const values = x.toTypedArray() as Float32Array;
      return texts.map((_, r) =>
        values.subarray(r * columns + padding[r]!, (r + 1) * columns).reduce((a, b) => a + b, 0),
      );
    };
    const score = (logP: Tensor) => {
      const nll = summed(logP.gather(targets, 2).neg());
      const kl = logP === clean ? undefined : summed(clean.exp().mul(clean.sub(logP)).sum(2));
      return texts.map(({ length }, r) => {
        const tokens = length - 1;
        // Rounding can leave a sum of nothing slightly below 0.
        return { tokens, nll: nll[r]! / tokens, kl: kl === undefined ? 0 : Math.max(0, kl[r]! / tokens) };
      });
    };
    const interventions = mapOf(intervention);
    // A text may end before a position that is edited; the next one may not.
    const options = { interventions, maxLength: model.config.n_ctx };
    return [
      score(clean),
      ...betas.map((beta) => score(model.forward(inputs, { ...options, beta }).logits.logSoftmax())),
    ];
  });
}

function total(beta: number, texts: readonly TextHarm[]): HarmAtBeta {
  const tokens = texts.reduce((sum, text) => sum + text.tokens, 0);
  const mean = (key: "nll" | "kl") => texts.reduce((sum, text) => sum + text.tokens * text[key], 0) / tokens;
  const nll = mean("nll");
  return { beta, tokens, nll, perplexity: Math.exp(nll), kl: mean("kl"), texts };
}

function coverage(places: readonly (number | undefined)[], texts: readonly (readonly number[])[]): number {
  if (places.length === 0) return 1;
  const isWithin = (position: number | undefined, read: number) =>
    position === undefined || (position >= 0 ? position < read : -position <= read);
  const shares = texts.map(({ length }) => places.filter((p) => isWithin(p, length - 1)).length / places.length);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
