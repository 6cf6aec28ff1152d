import type * as Comlink from "comlink";
import { afterEach, describe, expect, test } from "vitest";
import { createEngine } from "../../../playground/src/engine/engine";
import { connectEngine, type EngineWorker, offerEngine } from "../../../playground/src/engine/rpc";
import { type Engine, EngineError } from "../../../playground/src/protocol";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** An engine behind a channel, as the worker's is, and what the page holds of the worker. */
function connect(engine: Engine = createEngine()) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const listeners = new Map<string, (event: unknown) => void>();
  let isTerminated = false;
  const worker: EngineWorker = {
    postMessage: (message, transfer = []) => port2.postMessage(message, transfer),
    addEventListener: (type, listener) => {
      listeners.set(type, listener as () => void);
      port2.addEventListener(type, listener as () => void);
    },
    removeEventListener: (type, listener) => port2.removeEventListener(type, listener as () => void),
    start: () => port2.start(),
    terminate: () => {
      isTerminated = true;
    },
  };
  offerEngine(engine, port1 as unknown as Comlink.Endpoint);
  port2.start();
  return { engine: connectEngine(worker), die: listeners, isTerminated: () => isTerminated };
}

const prompt = "The capital of Poland is London.\nQ: What is the capital of Poland?\nA:";
const edit = { faders: [{ site: "mlp_out" as const, layer: 1, position: 3, alpha: 1 }], beta: 1 };

describe("across a worker", () => {
  test("results, callbacks and bytes arrive as they were sent", async () => {
    const { engine } = connect();
    const here = createEngine();
    const progress: string[] = [];
    const info = await engine.open({ kind: "built-in" }, ({ file }) => progress.push(file));
    expect(info).toEqual(await here.open({ kind: "built-in" }));
    expect(progress).toContain("model.safetensors");
    const answers = { correct: "Warsaw", wrong: "London" };
    const { milliseconds: _, ...got } = await engine.steer({ prompt, edit, answers });
    expect(await here.steer({ prompt, edit, answers })).toMatchObject(got);
    const texts = { clean: "", steered: "" };
    const isWhole = await engine.generate({ prompt, edit, maxTokens: 6 }, (side, text) => {
      texts[side] += text;
    });
    // All pieces have come when the call returns.
    expect({ ...texts, isWhole }).toMatchObject({ isWhole: true, clean: expect.stringMatching(/^ Warsaw/) });
    const { bytes, name } = await engine.exportIntervention(prompt, edit);
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect((await engine.importIntervention(name, bytes)).faders).toEqual(edit.faders);
  });

  test("learning reports, and is cancelled from the page", async () => {
    const { engine } = connect();
    await engine.open({ kind: "built-in" });
    const steps: number[] = [];
    const request = { task: { kind: "ccc" as const }, method: "scalars" as const, sites: ["mlp_out" as const] };
    const settings = { faithfulness: 0.5, minimality: 1, seed: 0 };
    const running = engine.learn({ ...request, ...settings, steps: 100_000 }, ({ step }) => {
      steps.push(step);
      if (steps.length === 2) void engine.cancelLearning();
    });
    expect(await running).toBeUndefined();
    expect(steps[1]).toBeGreaterThan(steps[0]!);
    const learned = await engine.learn({ ...request, ...settings, steps: 4 }, () => {});
    expect(learned!.steps).toBe(4);
  });

  test("errors are EngineErrors with their parts, also those that nobody foresaw", async () => {
    const { engine } = connect();
    await expect(engine.tokens("a")).rejects.toMatchObject({ problem: "No model is open.", hint: "Open one first." });
    await engine.open({ kind: "built-in" });
    const error: unknown = await engine
      .steer({ prompt, edit, answers: { correct: "Warsaw London", wrong: "x" } })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect({ ...(error as EngineError) }).toEqual({
      name: "TokenError",
      problem: 'The answer " Warsaw London" is 2 tokens, not one.',
      details: { pieces: '" Warsaw" " London"' },
      hint: "Use another word.",
    });
    const odd = connect({ tokens: () => Promise.reject(new TypeError("x is undefined")) } as unknown as Engine);
    await expect(odd.engine.tokens("")).rejects.toMatchObject({
      name: "Unexpected",
      problem: "Something went wrong that was not foreseen: x is undefined",
    });
    await expect(engine.steer({ prompt, edit, answers: Symbol("no") as never })).rejects.toBeInstanceOf(EngineError);
  });

  test("a worker that dies ends all calls, and those that come after, and is stopped", async () => {
    const never = { tokens: () => new Promise(() => {}) } as unknown as Engine;
    const { engine, die, isTerminated } = connect(never);
    const waiting = [engine.tokens("a"), engine.tokens("b")];
    die.get("error")!({ message: "out of memory" });
    for (const call of [...waiting, engine.tokens("c")]) {
      await expect(call).rejects.toMatchObject({
        name: "WorkerError",
        problem: "The worker that computes has stopped.",
        details: { reason: "out of memory" },
        hint: "Reload the page.",
      });
    }
    expect(isTerminated()).toBe(true);
  });
});
