import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { loadIntervention, loadModel } from "fader";
import { fingerprint, generate, generateIds, Model, saveCheckpoint, scale, Tokenizer } from "fader/nn";
import {
  attentionPatterns,
  betaDial,
  countryCapitals,
  directLogitAttribution,
  exportIntervention,
  learnScalars,
  logitLens,
} from "fader/steering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTokenizer, buildTokenizerConfig, vocabularyTokens } from "../../scripts/train-builtin/vocabulary";
import { commands } from "../../src/cli/commands";
import { dialTable } from "../../src/cli/dial";
import { idList, integer, number } from "../../src/cli/shared";
import { cliMain } from "../helpers/built-cli";
import { distance, tinyModel, values } from "../helpers/tiny";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let checkpoint = "";
let model: Model;

/** Runs the command line in a process of its own. */
function fader(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cliMain, ...args], { cwd: root, timeout: 60_000 }, (failure, out, error) => {
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
    for (const add of commands) add(program);
    expect(program.commands.map((command) => command.name())).toEqual(
      "demo compare sweep report learn generate forward inspect dial export bake info".split(" "),
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
    const program = new Command("fader");
    for (const add of commands) add(program);
    for (const name of [...program.commands.map((command) => command.name()), "Example:"]) expect(out).toContain(name);
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

describe("fader inspect", () => {
  const prompt = "The capital of Poland is";

  test("prints what the functions give, before and after an intervention", async () => {
    const file = join(folder, "inspect.npz");
    const interventions = { "blocks.0.attn_out": scale(2) };
    await writeFile(file, exportIntervention(interventions, model, { format: "npz" }));
    const answers = ["--correct", "Warsaw", "--wrong", "London"];
    const views = ["--lens", "--attribution", "--attention"];
    const edit = ["--intervention", file, "--beta", "0.5"];
    const { status, out, error } = await fader(
      ...["inspect", prompt, "--model", checkpoint, ...views, ...answers, ...edit, "--json"],
    );
    expect(error).toBe("");
    expect(status).toBe(0);
    const ids = model.encode(prompt);
    const [correct, wrong] = ["Warsaw", "London"].map((word) => model.needTokenizer("test").single(` ${word}`));
    const look = (edits: object) => ({
      lens: logitLens(model, ids, { tokens: [correct!, wrong!], ...edits }),
      attribution: directLogitAttribution(model, ids, { correct: correct!, wrong: wrong!, ...edits }),
      attention: attentionPatterns(model, ids, edits),
    });
    const want = { before: look({}), beta: 0.5, after: look({ interventions, beta: 0.5 }) };
    expect(JSON.parse(out)).toEqual({ prompt, tokens: model.tokens(prompt), ...JSON.parse(JSON.stringify(want)) });
  });

  test("shows a lens unless told otherwise, one head as a picture, and says which heads there are", async () => {
    const lens = await fader("inspect", prompt, "--model", checkpoint);
    expect(lens.out).toContain("Likeliest next token at each place");
    expect(lens.out).not.toContain("logit(");
    const head = await fader("inspect", prompt, "--model", checkpoint, "--attention", "0.1");
    expect(head.out.split("\n")).toHaveLength(3 + model.encode(prompt).length + 1);
    expect(head.out).toMatch(/^The +██$/m);
    const other = await fader("inspect", prompt, "--model", checkpoint, "--attention", "0.2");
    expect([other.status, other.error]).toEqual([1, expect.stringContaining("SiteError: attention: no head 0.2")]);
  });
});

describe("fader info", () => {
  test("prints what a family has on lines of its own, nothing as an object", async () => {
    const { out } = await fader("info", join(root, "tests/fixtures/own/llama-mqa"));
    expect(out).toMatch(/^rotary +dim 8, base 500000, scaling \(rope_type llama3, factor 8, /m);
    expect(out).not.toContain("[object");
    const parallel = await fader("info", join(root, "tests/fixtures/own/neox-parallel"));
    expect(parallel.out).toMatch(/^sites +resid_pre, z, attn_out, mlp_out, resid_post$/m);
  });

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
    expect(got.text).toBe(generate(model, got.prompt, options));
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

  test("learns over lengths what generate carries on with", async () => {
    const file = join(folder, "dynamic.fader.safetensors");
    const settings = ["--method", "dynamic", "--forms", "open,qa", "--steps", "1", "--batch-size", "2", "--out", file];
    const { status, out, error } = await fader("learn", "--model", checkpoint, ...settings, "--json");
    expect(status, error).toBe(0);
    expect(JSON.parse(out).split).toMatch(/2 wordings of 12 and 20 tokens.*4 wordings of 14, 23, 24 and 25 tokens$/);
    const prompt = ["The capital of Poland", "--model", checkpoint, "--intervention", file, "--max-tokens", "2"];
    const generated = await fader("generate", ...prompt);
    expect(`${generated.status} ${generated.error}`).toBe(
      "0 attn_out, mlp_out: every position, generated tokens too\n",
    );
    const misplaced = await fader("learn", "--model", checkpoint, "--task", "ioi", "--forms", "open");
    expect(`${misplaced.status} ${misplaced.error}`).toBe("1 ArgumentError: task: --forms belongs to --task ccc\n");
  });
});

describe("fader dial", () => {
  test("prints the curve that the library gives", async () => {
    const file = join(folder, "dial.fader.safetensors");
    const task = countryCapitals(model);
    const faders = await learnScalars(model, task.train, { steps: 2, batchSize: 2 });
    await faders.save(file);
    const args = ["dial", file, "--model", checkpoint, "--from", "-1", "--to", "2", "--points", "4"];
    const { status, out } = await fader(...args, "--json");
    expect(status).toBe(0);
    const { points } = JSON.parse(out);
    expect(points).toEqual(betaDial(model, task.test, faders, { betas: [-1, 0, 1, 2] }));
    const table = await fader(...args);
    expect(table.out).toContain(dialTable(points));
    const none = await fader("dial", file, "--model", checkpoint, "--points", "1");
    expect(none.error).toMatch(/^ArgumentError: dial: --points is 1\n/);
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

describe("fader bake", () => {
  const [file, target] = ["all.fader.safetensors", "baked"];
  const bakes = (...args: string[]) => fader("bake", join(folder, file), join(folder, target), ...args);
  const from = () => ["--model", checkpoint];

  test("writes a folder that gives what the intervention gives", async () => {
    const settings = ["--steps", "3", "--group-minimality", "0", "--positions", "all", "--out", join(folder, file)];
    const learned = await fader("learn", ...from(), "--method", "vectors", ...settings);
    expect(learned.status, learned.error).toBe(0);
    const { status, out, error } = await bakes(...from(), "--beta", "-1", "--json");
    expect(`${status} ${error}`).toBe("0 ");
    const result = JSON.parse(out);
    expect(result.changed).toEqual(["h.0.attn.c_proj.bias", "h.0.mlp.c_proj.bias"]);
    expect(result.difference).toBeLessThan(1e-5);
    const interventions = (await loadIntervention(join(folder, file), model)).at(-1);
    const baked = await loadModel(join(folder, target));
    const ids = [5, 7, 11, 2];
    const [got, clean] = [baked, model].map((one) => one.forward(ids).logits);
    expect(distance(got!, model.forward(ids, { interventions }).logits)).toBeLessThan(1e-5);
    expect(distance(got!, clean!)).toBeGreaterThan(1e-4);
    expect(baked.tokenizer!.vocabSize).toBe(model.tokenizer!.vocabSize);
  });

  test("replaces a checkpoint when it is told to, and nothing else", async () => {
    const before = await readdir(folder);
    const refused = await bakes(...from());
    expect(refused.error).toMatch(
      /^ArgumentError: write: .*baked: the folder is not empty\n {2}--force replaces it\.\n$/,
    );
    const other = await fader("bake", join(folder, file), folder, ...from(), "--force");
    expect(other.error).toMatch(/^ArgumentError: write: .*: the folder holds something else than a checkpoint\n/);
    const { status, out } = await bakes(...from(), "--beta", "0.5", "--force");
    expect(status).toBe(0);
    expect(out).toMatch(
      /baked: 2 of 16 weights changed\.\nRead back, its logits differ .* by at most \d\.\de[+-]\d+ on 8/,
    );
    const interventions = (await loadIntervention(join(folder, file), model)).at(0.5);
    const baked = await loadModel(join(folder, target));
    const want = model.forward([1, 2, 3], { interventions }).logits;
    expect(distance(baked.forward([1, 2, 3]).logits, want)).toBeLessThan(1e-5);
    expect(await readdir(folder)).toEqual(before);
  });

  test("writes nothing when the check fails", async () => {
    const before = await readFile(join(folder, target, "model.safetensors"));
    const { status, error } = await bakes(...from(), "--force", "--tolerance", "0");
    expect(status).toBe(1);
    expect(error).toMatch(/^NumericsError: bake: the baked logits are off by .*, nothing was written\n/);
    expect(await readFile(join(folder, target, "model.safetensors"))).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("keeps 16-bit weights, and says that they are rounded", async () => {
    const scalars = join(folder, "scalars.fader.safetensors");
    const settings = ["--steps", "3", "--batch-size", "2", "--minimality", "0", "--positions", "all", "--out", scalars];
    await fader("learn", ...from(), "--dtype", "bf16", ...settings);
    const { status, out, error } = await fader("bake", scalars, join(folder, "half"), ...from(), "--dtype", "bf16");
    expect(`${status} ${error}`).toBe("0 ");
    expect(out).toContain("(16-bit weights are rounded)");
    const half = await loadModel(join(folder, "half"), { dtype: "auto" });
    expect(half.weights["h.0.attn.c_proj.weight"]!.dtype).toBe("bf16");
    const before = await loadModel(checkpoint, { dtype: "bf16" });
    const interventions = (await loadIntervention(scalars, before)).at(1);
    const want = before.forward([1, 2, 3], { interventions }).logits;
    expect(distance(half.forward([1, 2, 3]).logits, want)).toBeLessThan(0.1);
  });

  test("says why an intervention cannot be baked", async () => {
    const tied = join(folder, "each.fader.safetensors");
    const settings = ["--steps", "1", "--batch-size", "1", "--out", tied];
    await fader("learn", ...from(), ...settings);
    const { status, error } = await fader("bake", tied, join(folder, "never"), ...from());
    expect(`${status} ${error}`).toMatch(/^1 ArgumentError: bake: "attn_out" is tied to positions/);
    expect(await readdir(folder)).not.toContain("never");
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
