import { readFileSync } from "node:fs";
import { step } from "fader/autograd";
import { interventionFromBytes, refit } from "fader/steering";
import { describe, expect, test } from "vitest";
import { fakePrompts } from "../../../helpers/task";
import { distance, tinyModel, values } from "../../../helpers/tiny";

const folder = new URL("../../../fixtures/version-0.1/", import.meta.url);
const expected: Record<string, { kind: string; active: number; logits: number[] }> = JSON.parse(
  readFileSync(new URL("expected.json", folder), "utf8"),
);
const model = tinyModel();
const load = (name: string) =>
  interventionFromBytes(readFileSync(new URL(`${name}.fader.safetensors`, folder)), model, { source: name });

/** The files and the logits under them were written by version 0.1. */
describe("what version 0.1 saved", () => {
  test.each(Object.keys(expected))("%s is read, and gives the same logits", (name) => {
    const want = expected[name]!;
    const learned = load(name);
    expect([learned.kind, learned.activeParameters]).toEqual([want.kind, want.active]);
    const interventions = learned.at(1);
    const logits = step(() => values(model.forward([3, 1, 4, 1, 5], { interventions, positions: "last" }).logits));
    expect(distance(logits, want.logits)).toBeLessThan(2e-4);
    expect(interventionFromBytes(learned.toBytes(), model).provenance).toEqual(learned.provenance);
  });

  test("can be refitted", async () => {
    const learned = load("scalars");
    const fitted = await refit(model, fakePrompts(12), learned, { steps: 3 });
    expect(fitted.activeParameters).toBe(learned.activeParameters);
    expect(fitted.provenance).toMatchObject({ steps: 23, settings: { ...learned.provenance.settings, refit: 3 } });
  });
});
