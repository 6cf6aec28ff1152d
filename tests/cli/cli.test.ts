import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { loadIntervention, loadModel } from "fader";
import { fingerprint, generate, generateIds, Model, saveCheckpoint, Tokenizer } from "fader/nn";
import { countryCapitals, learnScalars } from "fader/steering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTokenizer, buildTokenizerConfig, vocabularyTokens } from "../../src/builtin/vocabulary";
import { addCompare } from "../../src/cli/compare";
import { addDemo } from "../../src/cli/demo";
import { addExport } from "../../src/cli/export";
import { addForward } from "../../src/cli/forward";
import { addGenerate } from "../../src/cli/generate";
import { addInfo } from "../../src/cli/info";
import { addLearn } from "../../src/cli/learn";
import { idList, integer, number } from "../../src/cli/shared";
import { addSweep } from "../../src/cli/sweep";
import { tinyModel, values } from "../fixtures/own/tiny";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "src/cli/main.ts");
let folder = "";
let checkpoint = "";
let model: Model;

/** Runs the command line from source in a process of its own. */
function fader(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  const node = ["--import", "tsx", "--conditions=fader-source", main, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, node, { cwd: root, timeout: 60_000 }, (failure, out, error) => {
      resolve({ status: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fader-"));
  checkpoint = join(folder, "tiny");
  const sizes = { n_layer: 1, n_embd: 8, n_positions: 32, vocab_size: vocabularyTokens().length, eos_token_id: 0 };
  const { config, weights } = tinyModel(sizes);
  const tokenizer = Tokenizer.fromJSON(buildTokenizer(), buildTokenizerConfig());
  await saveCheckpoint(checkpoint, new Model(config, weights, tokenizer));
  model = await loadModel(checkpoint);
});
afterAll(() => rm(folder, { recursive: true }));

describe("help", () => {
  test("of every command shows an example", () => {
    const program = new Command("fader");
    for (const add of [addDemo, addCompare, addSweep, addLearn, addGenerate, addForward, addExport, addInfo])
      add(program);
    expect(program.commands.map((command) => command.name()).sort()).toEqual(
      ["demo", "compare", "sweep", "learn", "generate", "forward", "export", "info"].sort(),
    );
    for (const command of program.commands) {
      const parts: string[] = [];
      command.configureOutput({ writeOut: (part) => parts.push(part) });
      command.outputHelp();
      const text = parts.join("");
      expect(text, command.name()).toContain(`Example:\n  $ fader ${command.name()}`);
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.flags}`).not.toBe("");
      expect(command.description()).not.toBe("");
    }
  });

  test("of the program names every command and shows an example", async () => {
    const { status, out } = await fader("--help");
    expect(status).toBe(0);
    for (const name of ["demo", "compare", "sweep", "learn", "generate", "forward", "export", "info", "Example:"])
      expect(out).toContain(name);
  });
});

describe("values on the command line", () => {
  test("are numbers, whole where they must be", () => {
    expect(integer("-3")).toBe(-3);
    expect(number("1e-3")).toBe(0.001);
    expect(idList("1, 2,3")).toEqual([1, 2, 3]);
    for (const text of ["", " ", "x", "1.5", "NaN", "Infinity"]) expect(() => integer(text), `"${text}"`).toThrow();
    for (const text of ["", "x", "NaN", "1,2"]) expect(() => number(text), `"${text}"`).toThrow();
    for (const text of ["", "1,,2", "1,", "1,a"]) expect(() => idList(text), `"${text}"`).toThrow();
  });
});

describe("fader forward", () => {
  test("prints the logits that the library gives", async () => {
    const { status, out, error } = await fader("forward", "--model", checkpoint, "--ids", "5,7,11", "--json");
    expect(error).toBe("");
    expect(status).toBe(0);
    const { ids, positions, logits } = JSON.parse(out);
    expect([ids, positions]).toEqual([[5, 7, 11], "last"]);
    expect(logits).toEqual(values(model.forward([5, 7, 11], { positions: "last" }).logits));
  });
});

describe("fader info", () => {
  test("says what a checkpoint is", async () => {
    const { status, out } = await fader("info", checkpoint, "--json");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      name: "tiny",
      parameters: model.parameterCount,
      fingerprint: fingerprint(model),
      n_layers: 1,
      d_model: 8,
      vocab_size: vocabularyTokens().length,
    });
  });
});

describe("fader generate", () => {
  test("prints the text that the library gives", async () => {
    const prompt = "The capital of Poland is London.\\nQ: What";
    const args = ["--max-tokens", "5", "--temperature", "1", "--seed", "3", "--json"];
    const { status, out } = await fader("generate", prompt, "--model", checkpoint, ...args);
    expect(status).toBe(0);
    const got = JSON.parse(out);
    expect(got.prompt).toBe("The capital of Poland is London.\nQ: What");
    const options = { maxTokens: 5, temperature: 1, seed: 3 };
    expect(got.ids).toEqual(generateIds(model, model.encode(got.prompt), options));
    expect(got.text).toBe(model.generate(got.prompt, options));
  });

  test("prints the same text as it comes, with every option of the library", async () => {
    const prompt = "The capital of Poland is London.\nQ: What";
    const options = { maxTokens: 9, topK: 30, topP: 0.9, repetitionPenalty: 1.2, temperature: 2, seed: 4 };
    const free = generate(model, prompt, options);
    const stop = free.slice(3, 6);
    const args = ["--max-tokens", "9", "--top-k", "30", "--top-p", "0.9", "--repetition-penalty", "1.2"];
    const more = ["--temperature", "2", "--seed", "4", "--no-cache", "--stop", "never", "--stop", stop];
    const { status, out, error } = await fader("generate", prompt, "--model", checkpoint, ...args, ...more);
    expect(`${status} ${error}`).toBe("0 ");
    expect(out).toBe(`${prompt}${free.slice(0, free.indexOf(stop))}\n`);
  });

  test("prints several continuations, each what its seed gives alone", async () => {
    const prompt = "Q: What";
    const args = [
      "--model",
      checkpoint,
      "--top-k",
      "50",
      "--seed",
      "7",
      "--samples",
      "3",
      "--max-tokens",
      "4",
      "--json",
    ];
    const { samples } = JSON.parse((await fader("generate", prompt, ...args)).out);
    const alone = [7, 8, 9].map((seed) => {
      const options = { topK: 50, maxTokens: 4, seed };
      return { seed, text: generate(model, prompt, options), ids: generateIds(model, model.encode(prompt), options) };
    });
    expect(samples).toEqual(alone);
    const greedy = await fader("generate", prompt, "--model", checkpoint, "--samples", "2");
    expect(greedy.status).toBe(1);
    expect(greedy.error).toContain("--samples needs a --temperature above 0, --top-k or --top-p");
  });

  test("says on standard error how far an intervention reaches", async () => {
    const file = join(folder, "reach.fader.safetensors");
    await learnScalars(model, countryCapitals(model).train, { steps: 1, batchSize: 2 }).then((faders) =>
      faders.save(file),
    );
    const prompt = countryCapitals(model).test[0]!.text;
    const args = ["--model", checkpoint, "--intervention", file, "--max-tokens", "1"];
    const { status, error } = await fader("generate", prompt, ...args);
    const count = model.encode(prompt).length;
    expect(`${status} ${error}`).toBe(
      `0 attn_out, mlp_out: positions 0-${count - 1} of the prompt; generated tokens are not edited\n`,
    );
  });
});

describe("fader learn", () => {
  test("saves what it learned, with its measures", async () => {
    const file = join(folder, "a.fader.safetensors");
    const settings = ["--steps", "2", "--batch-size", "2", "--out", file, "--json"];
    const { status, out, error } = await fader("learn", "--model", checkpoint, ...settings);
    expect(`${status} ${error.includes("Error")}`).toBe("0 false");
    const { metrics, steps } = JSON.parse(out);
    const learned = await loadIntervention(file, model);
    expect(steps).toBe(2);
    expect(learned.provenance.task).toBe("ccc");
    expect(metrics.prompts).toBe(countryCapitals(model).test.length);
    expect(learned.provenance.metrics!.l1).toBeCloseTo(metrics.l1, 6);
    expect((await readFile(file)).length).toBeGreaterThan(100);
  });
});

describe("fader export", () => {
  test("writes what forward and generate read, with the logits of what was learned", async () => {
    const learned = join(folder, "b.fader.safetensors");
    const settings = ["--method", "vectors", "--steps", "1", "--batch-size", "2", "--out", learned];
    expect((await fader("learn", "--model", checkpoint, ...settings)).status).toBe(0);
    const length = (await loadIntervention(learned, model)).provenance.tokens.length;
    const ids = Array.from({ length }, (_, i) => i + 1).join();
    const logits = async (...args: string[]) => {
      const { out, error } = await fader("forward", "--model", checkpoint, "--ids", ids, "--json", ...args);
      expect(error).toBe("");
      return JSON.parse(out).logits as number[];
    };
    const want = await logits("--intervention", learned, "--beta", "-2");
    expect(want).not.toEqual(await logits());
    for (const name of ["b.npz", "b.safetensors"]) {
      const file = join(folder, name);
      const { status, out } = await fader("export", learned, file, "--model", checkpoint, "--beta", "-1", "--json");
      expect(status).toBe(0);
      expect(JSON.parse(out)).toEqual({
        file,
        format: name.slice(2),
        beta: -1,
        bytes: (await readFile(file)).length,
      });
      const got = await logits("--intervention", file, "--beta", "2");
      expect(Math.max(...got.map((x, i) => Math.abs(x - want[i]!)))).toBeLessThan(1e-5);
    }
    const refused = await fader("export", learned, join(folder, "b.gguf"), "--model", checkpoint);
    expect(refused.status).toBe(1);
    expect(refused.error).toMatch(/^ArgumentError: export: ".*" depends on the position/);
    const again = await fader("export", learned, join(folder, "c.fader.safetensors"), "--model", checkpoint);
    expect(again.error).toMatch(/this ending is for interventions with their provenance/);
  });
});

describe("what a user can mend", () => {
  const cases: [string, () => string[]][] = [
    ["a missing folder", () => ["info", join(folder, "nowhere")]],
    ["an unknown command", () => ["lern"]],
    ["an unknown option", () => ["info", "--jsom"]],
    [
      "a folder to write to that is missing",
      () => ["learn", "--model", checkpoint, "--steps", "1", "--batch-size", "1", "--out", join(folder, "no", "a.st")],
    ],
  ];
  const sentences: Record<string, RegExp> = {
    "a missing folder": /^NotFoundError: read: .*nowhere\/config\.json: no such file\n$/,
    "an unknown command": /^error: unknown command 'lern'/,
    "an unknown option":
      /^error: unknown option '--jsom'\n\(Did you mean --json\?\)\n\n?\(fader --help shows the commands\)\n$/,
    "a folder to write to that is missing": /ArgumentError: write: .*no\/a\.st: .*\n$/,
  };
  test.each(cases)("%s ends with status 1 and a sentence, without a stack trace", async (name, args) => {
    const { status, out, error } = await fader(...args());
    expect(status).toBe(1);
    expect(out).toBe("");
    expect(error).not.toMatch(/^\s+at /m);
    expect(error).toMatch(sentences[name]!);
  });
});
