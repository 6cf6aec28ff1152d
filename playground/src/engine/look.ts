import { attentionPatterns, logitLens } from "fader";
import type { LogitLens } from "fader/steering";
import type { Answers, AttentionResult, Edit, LensCell, LensResult } from "../protocol";
import { turnedBy } from "./edit";
import type { Session } from "./session";

/** Attention of each head of one block, without and with an edit. */
export function attention(session: Session, request: { prompt: string; edit: Edit; layer: number }): AttentionResult {
  const { prompt, edit, layer } = request;
  const { model, info } = session;
  const ids = session.idsToRun(prompt);
  const { interventions, beta } = turnedBy(edit, session, ids.length);
  const heads = Array.from({ length: info.n_heads }, (_, head) => head);
  const [clean, steered] = [{}, { interventions, beta }].map((options) => {
    const patterns = attentionPatterns(model, ids, { ...options, layers: [layer] });
    return heads.map((head) => patterns.head(layer, head));
  });
  return { tokens: ids.map((id) => session.token(id).text), clean: clean!, steered: steered! };
}

/** The logit lens at each place of the residual stream, without and with an edit. */
export function lens(session: Session, request: { prompt: string; edit: Edit; answers?: Answers | undefined }) {
  const { prompt, edit, answers } = request;
  const ids = session.idsToRun(prompt);
  const tokens = answers ? [session.answer(answers.correct), session.answer(answers.wrong)] : [];
  const { interventions, beta } = turnedBy(edit, session, ids.length);
  const [clean, steered] = [{}, { interventions, beta }].map((options) =>
    logitLens(session.model, ids, { ...options, tokens, top: 1 }),
  ) as [LogitLens, LogitLens];
  return {
    tokens: ids.map((id) => session.token(id).text),
    places: clean.places.map(({ name }) => name),
    clean: cellsOf(clean),
    steered: cellsOf(steered),
  } satisfies LensResult;
}

function cellsOf({ places }: LogitLens): LensCell[][] {
  return places.map(({ cells }) =>
    cells.map(({ top, tokens: [correct, wrong] }) => ({
      text: top[0]!.token,
      probability: top[0]!.probability,
      ...(correct && { correct: correct.probability }),
      ...(wrong && { wrong: wrong.probability }),
    })),
  );
}
