import { readFileSync, statSync } from "node:fs";
import { Random } from "fader/autograd";
import { fingerprint, Tokenizer } from "fader/nn";
import { beforeAll, describe, expect, test } from "vitest";
import { trainingPieces, trainingText } from "../../../scripts/train-builtin/corpus";
import { batchAt } from "../../../scripts/train-builtin/data";
import { type Measured, measure, questions, toMarkdown } from "../../../scripts/train-builtin/measure";
import { modelConfig, recipe } from "../../../scripts/train-builtin/recipe";
import { buildTokenizer, buildTokenizerConfig } from "../../../scripts/train-builtin/vocabulary";
import { loadModel } from "../../../src/load";
import { capitalOf, capitals, countries } from "../../../src/steering/tasks/country-facts";
import {
  cccPrompt,
  conflictForms,
  isHeldOutConflict,
  isHeldOutIoi,
  randomIoi,
} from "../../../src/steering/tasks/sentences";

const file = (name: string) => new URL(`../../../models/capitals/${name}`, import.meta.url);
const tokenizer = Tokenizer.fromJSON(buildTokenizer(), buildTokenizerConfig());

describe("the generator", () => {
  test("knows 197 countries", () => expect(countries.length).toBe(197));

  test("writes only what the tokenizer can read and give back", () => {
    const random = new Random(3);
    for (let i = 0; i < 500; i++) {
      const text = trainingText(random);
      const ids = tokenizer.encode(text);
      expect(ids).not.toContain(tokenizer.unknownId);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  test("every country and capital is one token", () => {
    for (const word of [...countries, ...capitals]) expect(tokenizer.tokens(` ${word}`)).toEqual([` ${word}`]);
  });

  test("prompts of one form have one length", () => {
    for (const form of conflictForms) {
      const lengths = new Set(countries.map((country) => tokenizer.encode(cccPrompt(country, "Paris", form)).length));
      expect(lengths.size).toBe(1);
    }
  });

  test("never trains on held-out pairs", () => {
    const held = new Set<string>();
    for (const country of countries) {
      for (const other of capitals) {
        // A context that names the right capital is no conflict, and is trained on.
        if (other === capitalOf(country) || !isHeldOutConflict(country, other)) continue;
        for (const form of conflictForms) held.add(cccPrompt(country, other, form));
      }
    }
    expect(held.size).toBeGreaterThan(10_000);
    const random = new Random(4);
    let conflicts = 0;
    for (let i = 0; i < 5000; i++) {
      for (const { text, rival } of trainingPieces(random)) {
        expect(held.has(text)).toBe(false);
        conflicts += Number(rival !== undefined);
      }
    }
    expect(conflicts).toBeGreaterThan(1000);
  });

  test("held-out combinations are held out in either order of names", () => {
    const random = new Random(5);
    for (let i = 0; i < 200; i++) {
      const parts = randomIoi(random, true);
      expect(isHeldOutIoi({ ...parts, a: parts.b, b: parts.a })).toBe(true);
    }
  });

  test("a training step's data depends on the step alone", () => {
    expect(batchAt(17)).toEqual(batchAt(17));
    expect(batchAt(17)).not.toEqual(batchAt(18));
    expect(batchAt(0).length).toBe(recipe.batchSize);
  });
});

describe("the built-in model", () => {
  let measured: Measured[];
  const of = (kind: string) => measured.find((m) => m.kind === kind)!;
  beforeAll(async () => {
    measured = measure(await loadModel(), questions());
  }, 240_000);

  test("is at most 4 MB", () => expect(statSync(file("model.safetensors")).size).toBeLessThanOrEqual(4e6));

  test("is what the recipe says", async () => {
    const model = await loadModel();
    expect(model.config).toMatchObject({ n_layers: modelConfig.n_layer, d_model: modelConfig.n_embd });
    expect(fingerprint(model)).toMatch(/^[0-9a-f]{16}$/);
  });

  test("knows the capitals in every phrasing", () => expect(of("facts").answered).toBeGreaterThanOrEqual(0.99));

  test("has both candidates in its top two in at least 95% of conflicts", () => {
    for (const form of conflictForms) expect(of(`conflict, ${form}`).topTwo, form).toBeGreaterThanOrEqual(0.95);
  });

  test("is split between context and knowledge", () => {
    const { answered, rivalled } = of("conflict, all");
    expect(answered).toBeGreaterThan(0.3);
    expect(rivalled).toBeGreaterThan(0.3);
  });

  test("trusts the context where training did", () => expect(of("conflict, all").rateCorrelation).toBeLessThan(-0.5));

  test("solves IOI in both orders", () => {
    for (const order of ["ABBA", "BABA"]) expect(of(`ioi, ${order}`).answered).toBeGreaterThanOrEqual(0.95);
  });

  test("has a card with the measured numbers", () => {
    expect(readFileSync(file("README.md"), "utf8")).toContain(toMarkdown(measured));
  });
});
