import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArgumentError, step, tensor } from "fader/autograd";
import { add, CheckpointError, dynamic, fingerprint, readSafetensors, scale, writeSafetensors } from "fader/nn";
import { interventionFromBytes, type Kind, LearnedIntervention, loadIntervention, logitsAt } from "fader/steering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeUp, provenanceFor } from "../../../helpers/task";
import { distance, message, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const learned = madeUp(model, fingerprint(model));
const kinds = ["scalars", "vectors", "dynamic"] as Kind[];
const ids = [3, 1, 4, 1, 5];
const logits = (interventions = {}, of = model) => step(() => values(of.forward(ids, { interventions }).logits));

describe("a learned intervention", () => {
  test("at β is its tensors times β", () => {
    const { alpha } = learned.scalars.parameters.mlp_out!;
    const { g, b } = learned.dynamic.parameters.mlp_out!;
    const [first, second] = [learned.vectors.parameters.attn_out!.v!, learned.vectors.parameters.mlp_out!.v!];
    for (const beta of [1, -1, 0.3]) {
      expect(logits(learned.scalars.at(beta))).toEqual(logits({ mlp_out: scale(alpha!.mul(beta)) }));
      const vectors = { attn_out: add(first.mul(beta)), mlp_out: add(second.mul(beta)) };
      expect(logits(learned.vectors.at(beta))).toEqual(logits(vectors));
      expect(logits(learned.dynamic.at(beta))).toEqual(logits({ mlp_out: dynamic(g!.mul(beta), b!.mul(beta)) }));
    }
  });

  test("at 0 keeps every bit of the logits", () => {
    for (const kind of kinds) expect(logits(learned[kind].at(0)), kind).toEqual(logits());
  });

  test("refuses a β that is no number", () => {
    expect(() => learned.scalars.at(Number.NaN)).toThrow(ArgumentError);
  });

  test("counts what is there and what is active", () => {
    expect(kinds.map((kind) => learned[kind].parameterCount)).toEqual([10, 2 * 10 * 16, 34]);
    expect(kinds.map((kind) => learned[kind].activeParameters)).toEqual([4, 2 * 3 * 16, 17]);
    for (const kind of kinds) {
      const all = Object.values(learned[kind].parameters).flatMap((x) => Object.values(x!).flatMap((t) => values(t)));
      expect(learned[kind].l1).toBeCloseTo(
        all.reduce((sum, value) => sum + Math.abs(value), 0),
        4,
      );
    }
  });

  test("lists its active places, the largest first", () => {
    const alpha = learned.scalars.parameters.mlp_out!.alpha!.toArray() as number[][];
    const places = learned.scalars.activeLocations();
    expect(places.map(({ layer, position }) => [layer, position])).toContainEqual([1, 4]);
    expect(places).toHaveLength(4);
    for (const { site, layer, position, value } of places) {
      expect(site).toBe("mlp_out");
      expect(value).toBe(alpha[layer]![position!]);
    }
    const sizes = places.map(({ value }) => Math.abs(value));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const norms = learned.vectors.parameters.attn_out!.v!.square().sum(-1).sqrt().toArray() as number[][];
    const [top] = learned.vectors.activeLocations();
    expect(top!.value).toBeCloseTo(Math.max(...norms.flat()), 5);
    expect(learned.dynamic.activeLocations()).toMatchObject([{ site: "mlp_out", layer: 0, position: undefined }]);
  });

  test("keeps only its largest places", () => {
    for (const kind of kinds) {
      const all = learned[kind].activeLocations();
      for (let count = 0; count <= all.length + 1; count++) {
        const kept = learned[kind].keepLargest(count);
        expect(kept.activeLocations()).toEqual(all.slice(0, count));
        expect(kept.parameterCount).toBe(learned[kind].parameterCount);
      }
      expect(logits(learned[kind].keepLargest(all.length).at(1))).toEqual(logits(learned[kind].at(1)));
      expect(logits(learned[kind].keepLargest(0).at(1))).toEqual(logits());
    }
    expect(learned.scalars.activeLocations()).toHaveLength(4);
  });

  test("refuses to keep a negative number of places", () => {
    expect(() => learned.scalars.keepLargest(-1)).toThrow(ArgumentError);
  });

  test("keeps only the places that are named, and says which it lacks", () => {
    for (const kind of kinds) {
      const [first, ...others] = learned[kind].activeLocations();
      expect(learned[kind].onlyAt(others).activeLocations()).toEqual(others);
      const elsewhere = { ...first!, site: "z", layer: 0 } as const;
      expect(() => learned[kind].onlyAt([elsewhere])).toThrow("onlyAt: there is no place blocks.0.z");
    }
  });

  test("no longer claims measurements once it is pruned", () => {
    const measured = learned.scalars.withMetrics({ flipsPlus: 1 });
    expect(measured.provenance.metrics).toEqual({ flipsPlus: 1 });
    expect(learned.scalars.provenance.metrics).toBeUndefined();
    expect(measured.keepLargest(1).provenance.metrics).toBeUndefined();
  });

  test("gives logits at several β in one batch", () => {
    const prompts = [ids, [7, 7, 7, 7, 7]];
    const [minus, clean, plus] = logitsAt(model, prompts, learned.vectors.at(1), [-1, 0, 1]);
    for (const [beta, got] of [
      [-1, minus],
      [0, clean],
      [1, plus],
    ] as const) {
      const want = model.forward(prompts, { interventions: learned.vectors.at(beta), positions: "last" }).logits;
      expect(got!.shape).toEqual([2, 29]);
      expect(distance(got!, want)).toBeLessThan(1e-5);
    }
  });
});

describe("saving", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fader-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(kinds)("%s are read back with the same bits and provenance", (kind) => {
    const back = interventionFromBytes(learned[kind].withMetrics({ l1: 2 }).toBytes(), model);
    expect(back.kind).toBe(kind);
    expect(back.provenance).toEqual({ ...learned[kind].provenance, metrics: { l1: 2 } });
    expect(back.sites.sort()).toEqual(learned[kind].sites.sort());
    expect(logits(back.at(1))).toEqual(logits(learned[kind].at(1)));
    expect(back.toBytes()).toEqual(learned[kind].withMetrics({ l1: 2 }).toBytes());
  });

  test("to a file works the same", async () => {
    const path = join(folder, "a.fader.safetensors");
    await learned.scalars.save(path);
    expect(logits((await loadIntervention(path, model)).at(1))).toEqual(logits(learned.scalars.at(1)));
    await writeFile(path, "nonsense");
    await expect(loadIntervention(path, model)).rejects.toThrow(CheckpointError);
    await expect(loadIntervention(join(folder, "none"), model)).rejects.toThrow(/no such file/);
  });

  test("is refused by another model, unless forced", () => {
    const other = tinyModel({}, 2);
    other.weights["ln_f.bias"]!.assign(tensor(new Float32Array(16)));
    const bytes = learned.scalars.toBytes();
    const text = message(() => interventionFromBytes(bytes, other, { source: "a.fader.safetensors" }));
    expect(text.replaceAll(/[0-9a-f]{16}/g, "0123456789abcdef")).toMatchInlineSnapshot(`
      "CheckpointError: a.fader.safetensors: learned on another model than "tiny"
        learned on tiny (0123456789abcdef)
        this model 0123456789abcdef
        Load that model, or pass { force: true } if this one has the same shape and you know why."
    `);
    const forced = interventionFromBytes(bytes, other, { force: true });
    expect(logits(forced.at(1), other)).toEqual(logits(learned.scalars.at(1), other));
  });

  test("is refused by a model of another shape, even when forced", () => {
    const bytes = learned.vectors.toBytes();
    for (const other of [tinyModel({ n_layer: 3 }), tinyModel({ n_embd: 8 })]) {
      expect(() => interventionFromBytes(bytes, other, { force: true })).toThrow(CheckpointError);
    }
  });
});

describe("a saved intervention that is malformed", () => {
  const { metadata } = readSafetensors(learned.scalars.toBytes());
  const floats = (shape: number[], value = 0) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
    return { dtype: "F32" as const, shape, data };
  };
  const file = (tensors: Record<string, ReturnType<typeof floats>>, more: Record<string, string> = {}) =>
    writeSafetensors(Object.entries(tensors), { ...metadata, ...more });
  const alpha = { "mlp_out/alpha": floats([2, 5]) };
  const { format: _, ...unmarked } = metadata;
  const cases: Record<string, Uint8Array> = {
    empty: new Uint8Array(),
    truncated: learned.scalars.toBytes().slice(0, -4),
    "no format": writeSafetensors(Object.entries(alpha), unmarked),
    "another version": file(alpha, { format: "fader-intervention/9" }),
    "unknown kind": file(alpha, { kind: "scalar" }),
    "kind of a prototype": file(alpha, { kind: "toString" }),
    "no provenance": file(alpha, { provenance: "" }),
    "provenance that is no object": file(alpha, { provenance: "3" }),
    "provenance without tokens": file(alpha, { provenance: JSON.stringify({ fingerprint: fingerprint(model) }) }),
    "unknown site": file({ "mlp/alpha": floats([2, 5]) }),
    "unknown tensor": file({ "mlp_out/beta": floats([2, 5]) }),
    "tensor of a prototype": file({ "mlp_out/toString": floats([2, 5]) }),
    "name with too many parts": file({ ...alpha, "mlp_out/alpha/more": floats([2, 5]) }),
    "tensor of another shape": file({ "mlp_out/alpha": floats([2]) }),
    "no tensors at all": file({}),
    "unknown positions": file(alpha, {
      provenance: JSON.stringify({ ...provenanceFor(fingerprint(model)), positions: "some" }),
    }),
    "positions where there are none": file(alpha, {
      provenance: JSON.stringify({ ...provenanceFor(fingerprint(model)), positions: "all" }),
    }),
    "no positions": file({ "mlp_out/alpha": floats([2, 0]) }),
    "a part of two": file({ "mlp_out/g": floats([2, 16]) }, { kind: "dynamic" }),
    NaN: file({ "mlp_out/alpha": floats([2, 5], Number.NaN) }),
    integers: writeSafetensors(
      [["mlp_out/alpha", { dtype: "I32", shape: [2, 5], data: new Int32Array(10) }]],
      metadata,
    ),
  };
  test.each(Object.keys(cases))("is refused with a CheckpointError: %s", (name) => {
    expect(() => interventionFromBytes(cases[name]!, model)).toThrow(CheckpointError);
  });

  test("may be made by hand where it is well formed", () => {
    expect(interventionFromBytes(file(alpha), model).activeParameters).toBe(0);
    const { provenance } = new LearnedIntervention("scalars", {}, provenanceFor("x"));
    expect(provenance.task).toBe("fake");
  });
});
