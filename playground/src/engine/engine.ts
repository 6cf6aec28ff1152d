import { engineInfo } from "fader";
import { type TaskName, taskFamilies, trialTasks } from "fader/steering";
import type { Engine } from "../protocol";
import { engineErrorOf, refusal } from "./engine-error";
import { exportEdit, importFile } from "./files";
import { generateBoth } from "./generate";
import type { HubSurroundings } from "./hub";
import { learnOn } from "./learn";
import { attention, lens } from "./look";
import { openModel } from "./open";
import { Session } from "./session";
import { steer } from "./steer";
import { examplesOf, trialTaskOf } from "./tasks";

/**
 * The engine of the playground, which runs in the worker, and in Node in tests. One model is open at a time. Long work
 * lets other calls in between. Every method rejects with an `EngineError`.
 */
export function createEngine(surroundings: HubSurroundings = {}): Engine {
  let session: Session | undefined;
  let generation = new AbortController();
  let opening = new AbortController();
  let learning = new AbortController();

  const opened = () => {
    if (session !== undefined) return session;
    throw refusal("No model is open.", "Open one first.");
  };
  const engine: Engine = {
    async status() {
      const { threads, backend, relaxedSimd } = engineInfo();
      const tasks = taskFamilies.map(({ name, title, question }) => ({ name: name as TaskName, title, question }));
      return { threads, backend, relaxedSimd, isolated: globalThis.crossOriginIsolated ?? true, tasks };
    },
    async open(source, onProgress = () => {}) {
      opening.abort();
      opening = new AbortController();
      const { signal } = opening;
      const next = await openModel(source, onProgress, surroundings, signal)
        .then((model) => new Session(model, source.kind))
        .finally(() => {
          if (signal.aborted) throw refusal("Another model was opened before this one was there.");
        });
      generation.abort();
      learning.abort();
      session = next;
      return next.info;
    },
    async tokens(prompt) {
      const current = opened();
      return current.ids(prompt).map((id) => current.token(id));
    },
    steer: async (request) => steer(opened(), request),
    async generate(request, onText) {
      generation.abort();
      generation = new AbortController();
      return generateBoth(opened(), request, onText, generation.signal);
    },
    async stopGenerating() {
      generation.abort();
    },
    async learn(request, onProgress) {
      learning.abort();
      learning = new AbortController();
      return learnOn(opened(), request, onProgress, learning.signal);
    },
    async cancelLearning() {
      learning.abort();
    },
    async examples(choice) {
      const current = opened();
      // Of one length, where the task has prompts of one.
      const { task } = trialTasks(current.model, { task: trialTaskOf(choice), method: "dynamic", seed: 0 });
      return examplesOf(current, { task });
    },
    attention: async (request) => attention(opened(), request),
    lens: async (request) => lens(opened(), request),
    importIntervention: async (name, bytes) => importFile(opened(), name, bytes),
    exportIntervention: async (prompt, edit) => exportEdit(opened(), prompt, edit),
    carriedBytes: async (handle) => opened().find(handle).bytes.slice(),
  };
  return guarded(engine);
}

/** The engine with every error turned into an `EngineError`. */
function guarded(engine: Engine): Engine {
  const entries = Object.entries(engine).map(([name, method]: [string, (...given: unknown[]) => Promise<unknown>]) => [
    name,
    (...given: unknown[]) =>
      method(...given).catch((error: unknown) => {
        throw engineErrorOf(error);
      }),
  ]);
  return Object.fromEntries(entries) as Engine;
}
