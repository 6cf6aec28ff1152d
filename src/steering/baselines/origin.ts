import { ArgumentError } from "../../autograd";
import { fingerprint, type Model } from "../../nn";
import { LearnedIntervention, type Positions, type Provenance } from "../learn/learned";
import type { Prompt } from "../tasks/task";

/** The length that all prompts have. Throws `ArgumentError` for none, and for several lengths. */
export function lengthOf(where: string, prompts: readonly Prompt[]): number {
  if (prompts.length === 0) throw new ArgumentError(where, "no prompts given");
  const lengths = [...new Set(prompts.map((prompt) => prompt.ids.length))];
  if (lengths.length === 1) return lengths[0]!;
  throw new ArgumentError(where, `prompts of ${lengths.join(" and ")} tokens: positions would not mean the same`, {
    hint: "Keep the prompts of one length.",
  });
}

/** Where an intervention comes from that was made from prompts. `method` is kept among the settings. */
export function originOf(
  model: Model,
  prompts: readonly Prompt[],
  positions: Positions,
  parts: Pick<Provenance, "task" | "seed" | "steps"> & {
    method: string;
    settings: Readonly<Record<string, number | string>>;
  },
): Provenance {
  const { method, settings, ...rest } = parts;
  const label = (id: number, i: number) =>
    prompts.every((prompt) => prompt.ids[i] === id) ? (model.tokenizer?.token(id) ?? String(id)) : "‹varies›";
  return {
    ...rest,
    model: model.name,
    fingerprint: fingerprint(model),
    ...(positions === "all" ? { positions, tokens: [] } : { tokens: prompts[0]!.ids.map(label) }),
    settings: { method, ...settings },
  };
}

/** The same for one that was made out of another: what was measured and set there is not true of it. */
export function originFrom(
  from: LearnedIntervention,
  method: string,
  seed: number,
  settings: Readonly<Record<string, number | string>> = {},
): Provenance {
  const { metrics: _, ...provenance } = from.provenance;
  const source = `${from.provenance.settings.method ?? from.kind}, seed ${from.provenance.seed}`;
  return { ...provenance, seed, steps: 0, settings: { method, madeFrom: source, ...settings } };
}

/** The same intervention under the name of a method. */
export function named(learned: LearnedIntervention, method: string): LearnedIntervention {
  const { kind, parameters, provenance } = learned;
  return new LearnedIntervention(kind, parameters, { ...provenance, settings: { method, ...provenance.settings } });
}
