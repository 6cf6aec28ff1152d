import { step, tensor } from "fader";
import { mostLikely } from "fader/nn";
import { klWithout } from "fader/tensor";
import type { Outcome, SteerRequest, SteerResult } from "../protocol";
import { turnedBy } from "./edit";
import { refusal } from "./engine-error";
import type { Session } from "./session";

/** The next token after a prompt, without and with an edit. The pass without it is computed once for each prompt. */
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
  const { p, q, klOthers } = compared(clean, steered, followed);
  const outcome = (id: number): Outcome => ({ ...session.token(id), clean: p[id]!, steered: q[id]! });
  const others = new Set([...mostLikely(p, top + 2), ...mostLikely(q, top + 2)]);
  for (const id of followed) others.delete(id);
  const delta = (logits: Float32Array) => logits[followed[0]!]! - logits[followed[1]!]!;
  return {
    outcomes: [...followed.map(outcome), ...likeliest([...others].map(outcome), top)],
    ...(answers && { delta: { clean: delta(clean), steered: delta(steered) } }),
    klOthers,
    beyond,
    milliseconds: performance.now() - start,
  };
}

/** Probabilities of both, and the KL between them over the tokens that are not followed. */
function compared(clean: Float32Array, steered: Float32Array, followed: readonly number[]) {
  if (![clean, steered].every((logits) => logits.every(Number.isFinite))) {
    throw refusal("The model's answer is no longer a number.", "Turn the faders down: they push activations too far.");
  }
  return step(() => {
    const row = (logits: Float32Array) => tensor(logits, { shape: [1, logits.length] });
    const [a, b] = [row(clean), row(steered)];
    const index = tensor([...followed], { dtype: "i32", shape: [1, followed.length] });
    const [p, q] = [a, b].map((logits) => logits.softmax().toTypedArray() as Float32Array) as [
      Float32Array,
      Float32Array,
    ];
    return { p, q, klOthers: klWithout(a, b, index).item() };
  });
}

/** The `top` likeliest on either side, by the larger of the two probabilities. */
function likeliest(outcomes: Outcome[], top: number): Outcome[] {
  const best = (side: "clean" | "steered") => [...outcomes].sort((a, b) => b[side] - a[side]).slice(0, top);
  const either = ({ clean, steered }: Outcome) => Math.max(clean, steered);
  return [...new Set([...best("clean"), ...best("steered")])].sort((a, b) => either(b) - either(a));
}
