import { batch, effect, untracked } from "@preact/signals";
import { connectEngine } from "../engine/rpc";
import type { Answers, ModelSource, SteerRequest, SteerResult } from "../protocol";
import { afterPause, latest } from "./latest";
import {
  complain,
  continuation,
  desk,
  edit,
  learning,
  model,
  type Notice,
  notice,
  opening,
  result,
  selection,
  site,
  status,
  tokens,
  updateRate,
} from "./store";

/** The engine in its worker. */
export const engine = connectEngine(new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" }));

const generatedTokens = 24;
/** A continuation takes longer than an answer: it begins when nothing has changed for so long, in milliseconds. */
const restMs = 250;

let tokensOf: { prompt: string; model: string } | undefined;
const times: number[] = [];

const steer = latest(async () => {
  const { prompt, answers } = desk.value;
  const opened = model.value;
  if (opened === undefined) return;
  try {
    if (tokensOf?.prompt !== prompt || tokensOf.model !== opened.fingerprint) {
      tokens.value = prompt === "" ? [] : await engine.tokens(prompt);
      tokensOf = { prompt, model: opened.fingerprint };
    }
    if (prompt === "") {
      result.value = undefined;
      return;
    }
    result.value = await ask({ prompt, edit: edit.value }, answers);
    count();
    if (misnamed !== undefined) throw misnamed;
    if (notice.value === complaint) notice.value = undefined;
  } catch (error) {
    if (error !== misnamed) result.value = undefined;
    complain(error);
    complaint = notice.value;
  }
});

/** The error of the two answers, where the prompt itself is fine. */
let misnamed: unknown;

/** Asks without the answers where the model has no token for them, so that the rest is still shown. */
async function ask(request: Omit<SteerRequest, "answers">, answers: Answers | undefined): Promise<SteerResult> {
  misnamed = undefined;
  // Half of a pair is still being typed.
  if (!answers?.correct || !answers.wrong) return engine.steer(request);
  try {
    return await engine.steer({ ...request, answers });
  } catch (error) {
    const result = await engine.steer(request);
    misnamed = error;
    return result;
  }
}

/** The notice about the prompt or the faders, which goes when they work again. */
let complaint: Notice | undefined;

function count(): void {
  const now = performance.now();
  times.push(now);
  while (times[0]! < now - 1000) times.shift();
  updateRate.value = times.length;
  rest();
}

const rest = afterPause(() => {
  updateRate.value = 0;
}, 1000);

const write = afterPause(async () => {
  const { prompt } = desk.value;
  if (model.value === undefined || prompt === "" || learning.value !== undefined) return;
  const texts = { clean: "", steered: "" };
  continuation.value = { ...texts, isRunning: true };
  const own = edit.value;
  const isCurrent = () => desk.value.prompt === prompt && edit.value === own;
  try {
    await engine.generate({ prompt, edit: own, maxTokens: generatedTokens }, (side, text) => {
      texts[side] += text;
      if (isCurrent()) continuation.value = { ...texts, isRunning: true };
    });
  } catch (error) {
    // Without an answer, the answer's own error message is already on the page.
    if (isCurrent() && result.value !== undefined) complain(error);
  }
  if (isCurrent()) continuation.value = { ...texts, isRunning: false };
}, restMs);

/** Computes anew whenever the model, the prompt or a fader changes. */
export function startComputing(): void {
  effect(() => {
    // Read here, so that this runs again when they change.
    void [model.value, desk.value, edit.value, learning.value];
    untracked(() => {
      if (learning.value === undefined) void steer();
      write();
    });
  });
}

/**
 * Opens a model. `begin` puts on the desk what it begins with, in one step with the model: what was there belongs to the
 * old one. Resolves with whether it could be opened.
 */
export async function openModel(source: ModelSource, name: string, begin: () => void): Promise<boolean> {
  const own = ++attempts;
  opening.value = { name };
  try {
    const info = await engine.open(source, (progress) => {
      if (own === attempts) opening.value = { name, progress };
    });
    const computing = await engine.status();
    batch(() => {
      status.value = computing;
      site.value = info.sites.includes(site.value) ? site.value : info.sites[0]!;
      selection.value = new Set();
      model.value = info;
      begin();
    });
    return true;
  } catch (error) {
    // The error of a superseded opening is only that it was superseded.
    if (own === attempts) complain(error);
    return false;
  } finally {
    if (own === attempts) opening.value = undefined;
  }
}

/** Counts openings: only the last one may report progress and errors. */
let attempts = 0;
