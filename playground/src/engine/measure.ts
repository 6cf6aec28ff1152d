import { betaDial, type DialRow, type LearnedIntervention, type Metrics, type Model, type Prompt } from "fader";
import { pause } from "fader/nn";
import { measurePrompts, metricsOf } from "fader/steering";
import type { DialCurve } from "../protocol";

/** Prompts in one go: small enough that other calls get in between. */
const chunk = 8;
/** Held-out prompts that the dial is turned on. */
const mostDialled = 32;

/** `evaluate`, letting other calls in between. */
export async function measured(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  signal: AbortSignal,
): Promise<Metrics> {
  const rows = [];
  for (let at = 0; at < prompts.length; at += chunk) {
    rows.push(...measurePrompts(model, prompts.slice(at, at + chunk), learned));
    await pause();
    signal.throwIfAborted();
  }
  return metricsOf(rows, learned);
}

/** `betaDial` at 25 values from −1.5 to 1.5, letting other calls in between. */
export async function dialled(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  signal: AbortSignal,
): Promise<DialCurve> {
  const used = prompts.slice(0, mostDialled);
  const curve: DialCurve = { betas: [], correct: [], wrong: [], others: [], delta: [] };
  for (let i = 0; i < 25; i++) {
    const beta = -1.5 + i / 8;
    const rows: DialRow[] = [];
    for (let at = 0; at < used.length; at += chunk) {
      const [point] = betaDial(model, used.slice(at, at + chunk), learned, { betas: [beta] });
      rows.push(...point!.prompts);
      await pause();
      signal.throwIfAborted();
    }
    curve.betas.push(beta);
    for (const name of ["correct", "wrong", "others", "delta"] as const) {
      curve[name].push(rows.reduce((sum, row) => sum + row[name], 0) / rows.length);
    }
  }
  return curve;
}
