import { readFileSync } from "node:fs";
import { FaderError, step } from "fader/autograd";
import { add, type Interventions, sites } from "fader/nn";
import { exportIntervention, type InteropFormat, importIntervention } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../helpers/naive";
import { distance, inFloat64, random, tinyModel } from "../helpers/tiny";

const model = tinyModel({ n_layer: 3 });
const precise = inFloat64(model);
const { n_layers, n_heads, d_head, d_model, vocab_size } = model.config;
const widthOf = (site: string) => (site === "z" ? [n_heads, d_head] : [d_model]);
const named = ["npz", "safetensors"] as const;

/** A prompt of 5 tokens, and an intervention map with up to 3 edits at each of up to 3 sites. */
const ids = fc.array(fc.nat({ max: vocab_size - 1 }), { minLength: 5, maxLength: 5 });
const position = fc.nat({ max: 4 }).chain((t) => fc.constantFrom(t, t - 5));
const form: fc.Arbitrary<Form> = fc.record({
  kind: fc.constantFrom(...kinds),
  layers: fc.option(fc.shuffledSubarray([...Array(n_layers).keys()], { minLength: 1 }), { nil: undefined }),
  positions: fc.option(fc.uniqueArray(position, { minLength: 1, maxLength: 4, selector: (p) => (p < 0 ? p + 5 : p) }), {
    nil: undefined,
  }),
  byPosition: fc.boolean(),
  byHead: fc.boolean(),
  normalize: fc.boolean(),
  beta: fc.constant(1),
});
const map = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom(...sites), fc.array(fc.tuple(form, fc.nat(99)), { minLength: 1, maxLength: 3 })),
    {
      selector: ([site]) => site,
      minLength: 1,
      maxLength: 3,
    },
  )
  .map(
    (list): Interventions =>
      Object.fromEntries(
        list.map(([site, edits]) => [
          site,
          edits.map(([made, seed]) => makeEdit(site, made, widthOf(site), 5, n_layers, seed).intervention),
        ]),
      ),
  );

/** What reading gives: a map, or an error of ours. Anything else is a failure. */
async function readOrRefuse(bytes: Uint8Array, format?: InteropFormat): Promise<Interventions | undefined> {
  try {
    return await importIntervention(bytes, model, { source: "mutant", ...(format && { format }) });
  } catch (error) {
    expect(error).toBeInstanceOf(FaderError);
    expect((error as Error).message.startsWith("mutant")).toBe(true);
    return undefined;
  }
}

describe("an intervention map in a file", () => {
  test.each(named)("comes back from %s with the same bytes and the same logits", async (format) => {
    await fc.assert(
      fc.asyncProperty(map, ids, async (interventions, prompt) => {
        const bytes = exportIntervention(interventions, model, { format });
        const back = await importIntervention(bytes, model);
        expect(exportIntervention(back, model.config, { format })).toEqual(bytes);
        step(() => {
          const [want, got] = [interventions, back].map((x) => model.forward(prompt, { interventions: x }).logits);
          expect(distance(got!, want!)).toBe(0);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("exported at β does what the map does at β", async () => {
    const beta = fc.constantFrom(-1, 0.5, 2, 0);
    await fc.assert(
      fc.asyncProperty(map, ids, beta, fc.constantFrom(...named), async (interventions, prompt, beta, format) => {
        const all = Object.values(interventions).flat();
        const run = () => exportIntervention(interventions, model, { format, beta });
        if (all.some((edit) => edit.kind === "project")) {
          expect(run).toThrow(/projects/);
          return;
        }
        const back = await importIntervention(run(), model);
        step(() => {
          const want = model.forward(prompt, { interventions, beta }).logits;
          const got = model.forward(prompt, { interventions: back }).logits;
          const size = Math.max(1, ...want.toTypedArray().map(Math.abs));
          expect(distance(got, want)).toBeLessThan(1e-4 * size);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("as a control vector does the same, wherever a vector can be moved to the end of its block", async () => {
    const place = fc.constantFrom("resid_post", "mlp_out", "resid_pre");
    const blocks: Record<string, number[]> = { resid_post: [1, 2], mlp_out: [1, 2], resid_pre: [2] };
    const beta = fc.constantFrom(1, -1, 0.5);
    const chosen = fc.uniqueArray(fc.tuple(place, fc.nat(99)), { selector: ([site]) => site, minLength: 1 });
    await fc.assert(
      fc.asyncProperty(chosen, ids, beta, async (list, prompt, beta) => {
        const entries = list.map(([site, seed]) => {
          const layers = blocks[site]!;
          return [site, add(random([layers.length, d_model], seed, "f64"), { layers })];
        });
        const interventions = Object.fromEntries(entries) as Interventions;
        const bytes = exportIntervention(interventions, precise, { format: "gguf", beta });
        const back = await importIntervention(bytes, precise);
        expect(exportIntervention(back, precise, { format: "gguf" })).toEqual(bytes);
        step(() => {
          const want = precise.forward(prompt, { interventions, beta }).logits;
          expect(distance(precise.forward(prompt, { interventions: back }).logits, want)).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe("a file that was changed", () => {
  const vectors = add(random([n_layers, d_model], 1), { layers: [0, 1, 2] });
  const valid: [InteropFormat, Uint8Array][] = [
    [
      "gguf",
      exportIntervention({ resid_post: add(random([2, d_model], 2), { layers: [1, 2] }) }, model, { format: "gguf" }),
    ],
    ...named.map((format): [InteropFormat, Uint8Array] => [
      format,
      exportIntervention({ mlp_out: vectors, z: add(0.5, { positions: [0, -1] }) }, model, { format }),
    ]),
  ];

  const deflated = readFileSync(new URL("../fixtures/own/interop/numpy-compressed.npz", import.meta.url));
  valid.push(["npz", new Uint8Array(deflated)]);

  test.each(valid)("%s is read or refused", async (format, bytes) => {
    // Most bytes are data; the structure lies at the start and the end.
    const at = fc.oneof(
      fc.nat({ max: 300 }),
      fc.nat({ max: 600 }).map((n) => bytes.length - 1 - n),
      fc.nat(),
    );
    const value = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    const mutation = fc.tuple(at, value);
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), async (list, isDetected) => {
        const mutant = bytes.slice();
        for (const [at, value] of list) mutant[Math.max(0, at) % mutant.length] = value;
        const read = await readOrRefuse(mutant, isDetected ? undefined : format);
        if (read !== undefined) expect(exportIntervention(read, model, { format: "npz" }).length).toBeGreaterThan(0);
      }),
      { numRuns: 1500 },
    );
  });

  test.each(valid)("%s cut off or extended is read or refused", async (format, bytes) => {
    const extra = fc.uint8Array({ maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), extra, async (at, extra) => {
        const cut = bytes.slice(0, at % bytes.length);
        const read = await readOrRefuse(cut, format);
        // Only the padding of the last tensor of a control vector may be missing.
        if (read !== undefined) expect(format === "gguf" && cut.length > bytes.length - 32).toBe(true);
        await readOrRefuse(Uint8Array.from([...bytes, ...extra]));
        await readOrRefuse(extra, format);
      }),
      { numRuns: 300 },
    );
  });
});
