import { readFileSync } from "node:fs";
import { tensor } from "fader/autograd";
import {
  ablate,
  add,
  dynamic,
  type Interventions,
  project,
  readSafetensors,
  replace,
  scale,
  writeSafetensors,
} from "fader/nn";
import { exportIntervention, importIntervention, interopFormat } from "fader/steering";
import { describe, expect, test } from "vitest";
import { readFailure } from "../../../helpers/read-failure";
import { madeUp } from "../../../helpers/task";
import { distance, inFloat64, message, tinyModel } from "../../../helpers/tiny";

const model = tinyModel({ n_layer: 3 });
const precise = inFloat64(model);
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/own/interop/${name}`, import.meta.url)));
const ramp = (n: number, start = 0) => Float32Array.from({ length: n }, (_, i) => i / 4 + start);
const vector = (start: number) => tensor(ramp(16, start), { shape: [16] });
const names = (map: Interventions) =>
  [...readSafetensors(exportIntervention(map, model, { format: "safetensors" })).tensors.keys()].sort();

const failure = (bytes: Uint8Array, of = model) => readFailure(bytes, of);
/** A safetensors map with one array of zeros for each name. */
const map = (shapes: Record<string, number[]>) =>
  writeSafetensors(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const isInteger = name.endsWith(".positions") || name.endsWith(".normalize");
      return isInteger
        ? [name, { dtype: "I32", shape, data: Int32Array.from({ length: size }, (_, i) => i) }]
        : [name, { dtype: "F32", shape, data: new Float32Array(size) }];
    }),
  );

describe("files by other software", () => {
  const want: Interventions = {
    "blocks.0.mlp_out": add(vector(0)),
    "blocks.1.mlp_out": add(tensor(ramp(32, 1), { shape: [2, 16] }), { positions: [0, -1] }),
    "blocks.1.attn_out": scale(0.5),
    "blocks.2.z": scale(tensor([-1, -0.75]), { positions: "all" }),
    "blocks.2.resid_pre": [add(vector(-2)), dynamic(vector(3), tensor(0.25))],
  };

  test.each(["numpy.npz", "numpy-compressed.npz"])(
    "%s of NumPy holds the interventions it was made of",
    async (name) => {
      const read = await importIntervention(fixture(name), model);
      expect(Object.keys(read).sort()).toEqual(Object.keys(want).sort());
      expect(exportIntervention(read, model, { format: "npz" })).toEqual(
        exportIntervention(want, model, { format: "npz" }),
      );
      const logits = [read, want].map((interventions) => model.forward([3, 1, 4], { interventions }).logits);
      expect(distance(logits[0]!, logits[1]!)).toBe(0);
    },
  );
});

describe("names", () => {
  test("are those of TransformerLens, with the part behind", () => {
    const g = vector(0);
    expect(
      names({
        "blocks.0.resid_pre": add(g),
        "blocks.0.z": scale(tensor([1, 2]), { positions: "all" }),
        "blocks.1.z": scale(0.5),
        "blocks.1.attn_out": [ablate(), replace(g, { positions: [-1] })],
        "blocks.1.mlp_out": project(g),
        "blocks.2.resid_post": dynamic(g, tensor(0)),
      }),
    ).toEqual(
      [
        "blocks.0.hook_resid_pre",
        "blocks.0.attn.hook_z.head_scale",
        "blocks.1.attn.hook_z.scale",
        "blocks.1.hook_attn_out.scale",
        "blocks.1.hook_attn_out#2.replace",
        "blocks.1.hook_attn_out#2.positions",
        "blocks.1.hook_mlp_out.project",
        "blocks.2.hook_resid_post.dynamic.g",
        "blocks.2.hook_resid_post.dynamic.b",
        "blocks.2.hook_resid_post.dynamic.normalize",
      ].sort(),
    );
  });

  const wrong: [string, Record<string, number[]>, RegExp][] = [
    [
      "a block that is not there",
      { "blocks.3.hook_mlp_out": [16] },
      /^SiteError: file: no site "blocks.3.hook_mlp_out"\n {2}Nearest/,
    ],
    [
      "a site that is not there",
      { "blocks.1.hook_mlp_ot": [16] },
      /^SiteError: file: .*\n {2}Nearest: "blocks.1.mlp_out"/,
    ],
    [
      "no block",
      { hook_mlp_out: [16] },
      /^SiteError: file: "hook_mlp_out" names no block\n {2}Nearest: "blocks.0.hook_mlp_out"/,
    ],
    ["an unknown part", { "blocks.1.hook_mlp_out.scal": [] }, /there is no "\.scal"\n {2}Nearest: "\.scale"/],
    ["a place twice", { "blocks.1.hook_mlp_out": [16], "blocks.1.mlp_out": [16] }, /are the same array/],
    [
      "a missing number",
      { "blocks.1.hook_mlp_out#2": [16] },
      /"blocks.1.mlp_out": its 1 edits are not numbered from 1/,
    ],
    [
      "another width",
      { "blocks.1.hook_mlp_out": [15] },
      /does not fit "tiny"\n {2}stored \[15\]\n {2}valid {2}\[\] or \[16\] or \[1 to 12 positions, 16\]/,
    ],
    ["too many positions", { "blocks.1.hook_mlp_out": [13, 16] }, /does not fit/],
    [
      "vectors for other positions",
      { "blocks.1.hook_mlp_out": [3, 16], "blocks.1.hook_mlp_out.positions": [2] },
      /does not fit/,
    ],
    [
      "parts that do not go together",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.scale": [] },
      /"blocks.1.hook_mlp_out" does not go with/,
    ],
    ["half of a dynamic edit", { "blocks.1.hook_mlp_out.dynamic.g": [16] }, /"blocks.1.mlp_out.dynamic.b" is missing/],
    ["only positions", { "blocks.1.hook_mlp_out.positions": [2] }, /"blocks.1.mlp_out" is missing/],
    ["heads where there are none", { "blocks.1.hook_mlp_out.head_scale": [2] }, /only z has heads/],
    [
      "heads at positions",
      { "blocks.1.attn.hook_z.head_scale": [2], "blocks.1.attn.hook_z.positions": [2] },
      /does not go with/,
    ],
    [
      "positions that are no list",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.positions": [] },
      /not a list of positions/,
    ],
    [
      "positions beyond the context",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.positions": [13] },
      /the position 12 twice, or/,
    ],
    ["nothing", {}, /it holds no arrays/],
  ];
  test.each(wrong)("%s: refused by name", async (_, shapes, sentence) => {
    expect(await failure(map(shapes))).toMatch(sentence);
  });

  test("values that are not finite or no floats are refused", async () => {
    const store = (data: Float32Array | Int32Array, dtype: "F32" | "I32") =>
      writeSafetensors([["blocks.0.hook_mlp_out.scale", { dtype, shape: [], data }]]);
    expect(await failure(store(Float32Array.of(Number.NaN), "F32"))).toMatch(/not finite/);
    expect(await failure(store(Int32Array.of(1), "I32"))).toMatch(/is I32, not F32, F16, BF16 or F64/);
  });

  test("what was learned and saved is told from a map", async () => {
    const { scalars } = madeUp(tinyModel(), "0");
    expect(await failure(scalars.toBytes())).toMatch(/a map by names\n {2}loadIntervention reads it/);
  });
});

describe("export", () => {
  const v = vector(0);
  test("refuses maps that do not fit, as forward does", () => {
    const npz = (map: Interventions, options = {}) =>
      message(() => exportIntervention(map, model, { format: "npz", ...options }));
    expect(npz({ mlp_ot: add(v) })).toMatch(/^SiteError: export: no site "mlp_ot"\n {2}Nearest: "mlp_out"/);
    expect(npz({ mlp_out: add(v) })).toMatch(
      /^ShapeError: export: mlp_out.v has the wrong shape\n {2}got {3}\[16\]\n {2}valid \[3, positions, 16\] or \[3, 16\]/,
    );
    expect(npz({ mlp_out: add(1, { layers: [3] }) })).toMatch(/no block 3/);
    expect(npz({ mlp_out: add(1, { layers: [] }) })).toMatch(/would never fire: its list of layers/);
    expect(npz({ mlp_out: add(1, { positions: [] }) })).toMatch(/would never fire: its list of positions/);
    expect(npz({ mlp_out: add(1, { positions: [0.5] }) })).toMatch(/position 0.5 is not an integer/);
    expect(npz({ "blocks.1.mlp_out": add(v, { layers: [1] }) })).toMatch(/layers has no meaning/);
    expect(npz({ mlp_out: scale(Number.NaN) })).toMatch(/alpha is NaN, not a finite number/);
    expect(npz({ mlp_out: scale(tensor([0, Number.NaN, 0])) })).toMatch(/alpha is not made of finite numbers/);
    expect(npz({ mlp_out: {} as never })).toMatch(/holds no intervention/);
    expect(npz({ mlp_out: null as never })).toMatch(/holds no intervention/);
    expect(npz({ mlp_out: add(1e30) }, { beta: 1e30 })).toMatch(/"mlp_out" at beta 1e\+30 is too large for float32/);
    expect(npz({})).toMatch(/the map holds no intervention/);
    expect(npz({ mlp_out: add(1) }, { beta: Number.NaN })).toMatch(/beta is NaN/);
    expect(npz({ mlp_out: add(1) }, { format: "npy" })).toMatch(/no format "npy"\n {2}Nearest: "npz"/);
  });

  test("chooses the format by the extension", () => {
    expect(["a.gguf", "b/c.NPZ", "x.fader.safetensors"].map(interopFormat)).toEqual(["gguf", "npz", "safetensors"]);
    expect(message(() => interopFormat("a.ggf"))).toMatch(/the extension "\.ggf"\n {2}Nearest: "gguf"/);
    expect(message(() => interopFormat("a"))).toMatch(/^ArgumentError/);
  });

  test("reads into a model in float64", async () => {
    const bytes = exportIntervention({ "blocks.1.mlp_out": add(v) }, model, { format: "npz" });
    const interventions = await importIntervention(bytes, precise);
    expect(precise.forward([1, 2], { interventions }).logits.dtype).toBe("f64");
  });

  test("an unknown file is no file of ours", async () => {
    await expect(importIntervention(new Uint8Array(40), model, { format: "npy" as never })).rejects.toThrow(
      /^import: no format "npy"\n {2}Nearest: "npz"/,
    );
    expect(await failure(new Uint8Array(40))).toMatch(/neither a GGUF control vector nor an .npz or safetensors file/);
  });
});
