import { betaDial, type LearnedIntervention, type Metrics, type Model, type Prompt } from "fader";
import { pause } from "fader/nn";
import { measurePrompts, metricsOf } from "fader/steering";
import type { DialCurve } from "../protocol";

/** Prompts in one go: small enough that other calls get in between. */
const chunk = 8;
/** Held-out prompts that the dial is turned on. */
const mostDialled = 32;

/** Calls `measure` with a few prompts after the other, letting other calls in between. */
async function inTurns<Row>(
  prompts: readonly Prompt[],
  signal: AbortSignal,
  measure: (few: readonly Prompt[]) => readonly Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let at = 0; at < prompts.length; at += chunk) {
    rows.push(...measure(prompts.slice(at, at + chunk)));
    await pause();
    signal.throwIfAborted();
  }
  return rows;
}

/** Does what `evaluate` does, letting other calls in between. */
export async function measured(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  signal: AbortSignal,
): Promise<Metrics> {
  const rows = await inTurns(prompts, signal, (few) => measurePrompts(model, few, learned));
  return metricsOf(rows, learned);
}

/** Does what `betaDial` does at 25 values from −1.5 to 1.5, letting other calls in between. */
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
    const rows = await inTurns(used, signal, (few) => betaDial(model, few, learned, { betas: [beta] })[0]!.prompts);
    curve.betas.push(beta);
    for (const name of ["correct", "wrong", "others", "delta"] as const) {
      curve[name].push(rows.reduce((sum, row) => sum + row[name], 0) / rows.length);
    }
  }
  return curve;
}
