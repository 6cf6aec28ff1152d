import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import {
  Adam,
  engineInfo,
  matmul,
  randn,
  setRelaxedSimd,
  setThreads,
  step,
  type Tensor,
  valueAndGrad,
} from "fader/autograd";
import { createModel, languageModelLoss } from "fader/nn";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tuning } from "../../../src/tensor/kernels/wasm/launch";
import { exports } from "../../../src/tensor/kernels/wasm/module";

const usual = { ...tuning };
afterEach(() => {
  Object.assign(tuning, usual);
  setThreads(1);
});

/** Starts the workers and waits until all of them compute. */
async function startWorkers(threads: number): Promise<void> {
  setThreads(threads);
  matmul(randn([128, 128], { seed: 0 }), randn([128, 128], { seed: 1 }));
  for (let i = 0; exports.ready() < threads - 1; i++) {
    if (i === 1000) throw new Error("the workers did not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function trainFewSteps(): { losses: number[]; weights: Float32Array[] } {
  const config = { model_type: "gpt2", n_layer: 2, n_head: 2, n_embd: 32, vocab_size: 50, n_positions: 16 };
  const model = createModel(config, { seed: 0 });
  const weights = model.weights as Record<string, Tensor>;
  const optimizer = new Adam(weights, { lr: 1e-3 });
  const batch = Array.from({ length: 8 }, (_, row) => Array.from({ length: 17 }, (_, i) => (row * 7 + i * 3) % 50));
  const losses = Array.from({ length: 3 }, () =>
    step(() => {
      const loss = (w: Record<string, Tensor>) => languageModelLoss(model.withWeights(w), batch);
      const { value, grads } = valueAndGrad(loss)(weights);
      optimizer.step(grads);
      return value.item();
    }),
  );
  return { losses, weights: Object.values(weights).map((w) => w.toTypedArray() as Float32Array) };
}

describe("setThreads", () => {
  test("training gives the same bits with one, two and four threads", async () => {
    const alone = trainFewSteps();
    for (const threads of [2, 4]) {
      await startWorkers(threads);
      // Even the smallest kernels are shared.
      Object.assign(tuning, { smallestChunk: 0, smallProduct: 0 });
      expect(trainFewSteps()).toEqual(alone);
    }
  });

  test("says how many threads compute", () => {
    setThreads(3);
    expect(engineInfo().threads).toBe(3);
    setThreads(1);
    expect(engineInfo().threads).toBe(1);
  });

  test.each([0, -1, 1.5, Number.NaN, 1000])("refuses %s threads", (count) => {
    expect(() => setThreads(count)).toThrow(/setThreads: the number of threads is .*\n {2}Use 1 to 64\./);
  });

  test("relaxed SIMD can be switched off and on again", () => {
    const had = setRelaxedSimd(true);
    expect(engineInfo().relaxedSimd).toBe(had);
    expect(setRelaxedSimd(false)).toBe(true);
    expect(engineInfo().relaxedSimd).toBe(false);
    const x = randn([40, 40], { seed: 2 });
    const plain = matmul(x, x).toTypedArray();
    setRelaxedSimd(had);
    matmul(x, x)
      .toTypedArray()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(plain[i]!, 4);
      });
  });
});

describe("a program with threads", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fader-threads-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Bundles and runs a script in a process of its own; returns what it prints. */
  async function run(script: string, env: Record<string, string> = {}): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: process.cwd(), loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      conditions: ["fader-source"],
    });
    const path = join(folder, `${Math.random()}.mjs`);
    writeFileSync(path, outputFiles[0]!.contents);
    return execFileSync(process.execPath, [path], {
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, ...env },
    });
  }

  const setUp = `
    import { engineInfo, matmul, randn, setThreads } from "fader/tensor";
    const x = randn([300, 300], { seed: 0 });
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  `;

  test("ends although workers sleep", async () => {
    const printed = await run(
      `${setUp} setThreads(4); matmul(x, x); await wait(300); matmul(x, x); console.log("end");`,
    );
    expect(printed).toBe("end\n");
  });

  test("ends when it throws while workers start", async () => {
    const failing = run(`${setUp} setThreads(2); matmul(x, x); throw new Error("mine");`);
    await expect(failing).rejects.toThrow("mine");
  });

  test("reads the number of threads and relaxed SIMD from the environment", async () => {
    const env = { FADER_THREADS: "3", FADER_RELAXED_SIMD: "0" };
    expect(JSON.parse(await run(`${setUp} console.log(JSON.stringify(engineInfo()))`, env))).toMatchObject({
      threads: 3,
      relaxedSimd: false,
    });
  });

  /** Lets the script end workers from outside, as a crash would. */
  const capture = `
    const threads = process.getBuiltinModule("worker_threads");
    const captured = [];
    threads.Worker = class extends threads.Worker {
      constructor(...args) {
        super(...args);
        captured.push(this);
      }
    };
  `;

  test("is told when a worker has died, and goes on with one thread", async () => {
    const printed = await run(`${setUp} ${capture}
      setThreads(2);
      matmul(x, x);
      await wait(500);
      await captured[0].terminate();
      await wait(50);
      try { matmul(x, x); console.log("no error"); } catch (error) { console.log(error.name, error.message); }
      console.log(engineInfo().threads, matmul(x, x).shape.join());
      setThreads(2);
      matmul(x, x);
      await wait(500);
      console.log(captured.length, engineInfo().threads, matmul(x, x).shape.join());
    `);
    expect(printed).toBe(
      [
        "ThreadError threads: a worker died: it was ended from outside",
        "  The running computation is lost. From here on one thread computes; setThreads(n) starts new workers.",
        "1 300,300",
        "2 2 300,300",
        "",
      ].join("\n"),
    );
  });

  test("does not wait for ever for a worker that dies in the middle of a kernel, and computes right after it", async () => {
    const printed = await run(`${setUp} ${capture}
      setThreads(1);
      const want = matmul(x, x).toTypedArray();
      const isRight = (y) => y.toTypedArray().every((value, i) => value === want[i]);
      setThreads(2);
      matmul(x, x);
      await wait(500);
      // Ends the worker while this thread computes and cannot look.
      const ending = captured[0].terminate();
      const start = performance.now();
      let result = "finished";
      try { while (performance.now() - start < 1000) matmul(x, x); } catch (error) { result = error.name; }
      await ending;
      console.log(/^(finished|ThreadError)$/.test(result));
      await wait(50);
      let after;
      // Where it died between two kernels, the next one says so.
      try { after = matmul(x, x); } catch (error) { console.log(result, error.name); after = matmul(x, x); }
      console.log(engineInfo().threads, isRight(after), isRight(matmul(x, x)));
      setThreads(2);
      matmul(x, x);
      await wait(500);
      console.log(engineInfo().threads, isRight(matmul(x, x)));
    `);
    expect(printed).toMatch(/^true\n(finished ThreadError\n)?1 true true\n2 true\n$/);
  });
});
