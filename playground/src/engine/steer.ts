import { step } from "fader";
import type { Outcome, SteerRequest, SteerResult } from "../protocol";
import { turnedBy } from "./edit";
import { refusal } from "./engine-error";
import type { Session } from "./session";

/** What a prompt is answered with, as the model is and under an edit. One pass of one row, once the prompt is known. */
export function steer(session: Session, { prompt, edit, answers, top = 8 }: SteerRequest): SteerResult {
  const start = performance.now();
  const ids = session.idsToRun(prompt);
  const followed = answers ? [session.answer(answers.correct), session.answer(answers.wrong)] : [];
  if (answers && followed[0] === followed[1]) {
    throw refusal(`Both answers are "${answers.correct.trim()}".`, "Give two different words.");
  }
  const { interventions, beta, beyond } = turnedBy(edit, session, ids.length);
  const clean = session.clean(prompt);
  const isClean = beta === 0 || Object.keys(interventions).length === 0;
  const steered = isClean
    ? clean
    : step(() => {
        const { logits } = session.model.forward(ids, { interventions, beta, positions: "last" });
        return logits.toTypedArray() as Float32Array;
      });
  const [p, q] = [logProbabilities(clean), logProbabilities(steered)];
  const outcome = (id: number): Outcome => ({
    ...session.token(id),
    clean: Math.exp(p[id]!),
    steered: Math.exp(q[id]!),
  });
  const others = new Set([...largest(p, top + 2), ...largest(q, top + 2)].filter((id) => !followed.includes(id)));
  const delta = (logits: Float32Array) => logits[followed[0]!]! - logits[followed[1]!]!;
  return {
    outcomes: [...followed.map(outcome), ...likeliest([...others].map(outcome), top)],
    ...(answers && { delta: { clean: delta(clean), steered: delta(steered) } }),
    klOthers: klWithout(p, q, followed),
    beyond,
    milliseconds: performance.now() - start,
  };
}

/** The `top` likeliest on either side, by the larger of the two probabilities. */
function likeliest(outcomes: Outcome[], top: number): Outcome[] {
  const best = (side: "clean" | "steered") => [...outcomes].sort((a, b) => b[side] - a[side]).slice(0, top);
  const either = ({ clean, steered }: Outcome) => Math.max(clean, steered);
  return [...new Set([...best("clean"), ...best("steered")])].sort((a, b) => either(b) - either(a));
}

function logProbabilities(logits: Float32Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (const logit of logits) most = Math.max(most, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - most);
  const shift = most + Math.log(total);
  if (!Number.isFinite(shift)) {
    throw refusal("The model's answer is no longer a number.", "Turn the faders down: they push activations too far.");
  }
  return Float64Array.from(logits, (logit) => logit - shift);
}

/** KL(p ‖ q) in nats over all tokens but some, renormalised without them. */
function klWithout(p: Float64Array, q: Float64Array, without: readonly number[]): number {
  const logRest = (x: Float64Array) => {
    let total = 0;
    for (let id = 0; id < x.length; id++) if (!without.includes(id)) total += Math.exp(x[id]!);
    return Math.log(total);
  };
  const [restP, restQ] = [logRest(p), logRest(q)];
  let sum = 0;
  for (let id = 0; id < p.length; id++) {
    if (without.includes(id)) continue;
    const logP = p[id]! - restP;
    sum += Math.exp(logP) * (logP - (q[id]! - restQ));
  }
  return Math.max(0, sum);
}

/** The indices of the `count` largest values, of few. */
function largest(values: Float64Array, count: number): number[] {
  const found: number[] = [];
  for (let id = 0; id < values.length; id++) {
    if (found.length === count && values[id]! <= values[found[count - 1]!]!) continue;
    let at = Math.min(found.length, count - 1);
    for (; at > 0 && values[found[at - 1]!]! < values[id]!; at--) found[at] = found[at - 1]!;
    found[at] = id;
  }
  return found;
}
