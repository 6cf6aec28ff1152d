import { readFileSync } from "node:fs";
import { tensor } from "fader/autograd";
import { ablate, add, type Interventions, project, scale } from "fader/nn";
import { exportIntervention, importIntervention } from "fader/steering";
import { describe, expect, test } from "vitest";
import { readControlVector } from "../../../../src/steering/exchange/gguf-read";
import { readFailure } from "../../../helpers/read-failure";
import { distance, inFloat64, message, random, tinyModel } from "../../../helpers/tiny";

const model = tinyModel({ n_layer: 3 });
const precise = inFloat64(model);
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/own/interop/${name}`, import.meta.url)));
const ramp = (n: number, start = 0) => Float32Array.from({ length: n }, (_, i) => i / 4 + start);
const vector = (start: number) => tensor(ramp(16, start), { shape: [16] });
const gguf = (map: Interventions) => exportIntervention(map, model, { format: "gguf" });
const failure = (bytes: Uint8Array, of = model) => readFailure(bytes, of);

describe("a control vector", () => {
  test.each(["llama.gguf", "llama-aligned.gguf"])("%s of gguf-py holds its directions", async (name) => {
    const read = await importIntervention(fixture(name), model);
    const want = { "blocks.1.resid_post": add(vector(-3)), "blocks.2.resid_post": add(vector(5)) };
    expect(Object.keys(read)).toEqual(Object.keys(want));
    expect(gguf(read)).toEqual(gguf(want));
    const logits = [read, want].map((interventions) => model.forward([3, 1, 4], { interventions }).logits);
    expect(distance(logits[0]!, logits[1]!)).toBe(0);
  });

  test("has the size, the first bytes and the data of what gguf-py writes", () => {
    const own = gguf({
      resid_post: add(tensor([...ramp(16, -3), ...ramp(16, 5)], { shape: [2, 16] }), { layers: [1, 2] }),
    });
    const theirs = fixture("llama.gguf");
    expect(own.length).toBe(theirs.length);
    expect(own.subarray(0, 24)).toEqual(theirs.subarray(0, 24));
    const [a, b] = [own, theirs].map((bytes) => readControlVector(bytes, "x"));
    for (const block of [1, 2]) expect(a!.get(block)!.bytes).toEqual(b!.get(block)!.bytes);
  });

  const v = vector(1);
  test("is refused for what it cannot express, with the key and the reason", () => {
    const refused: [Interventions, RegExp][] = [
      [{ mlp_out: scale(0.5) }, /^ArgumentError: export: "mlp_out" is no plain addition \(scale\)/],
      [{ mlp_out: ablate() }, /\(ablate\)/],
      [{ "blocks.1.mlp_out": project(v) }, /\(project\)/],
      [{ "blocks.1.mlp_out": add(random([2, 16], 1)) }, /"blocks.1.mlp_out" depends on the position/],
      [{ "blocks.1.mlp_out": add(v, { positions: [-1] }) }, /depends on the position/],
      [{ "blocks.1.attn_out": add(v) }, /"blocks.1.attn_out" edits blocks.1.attn_out, which is read by the MLP/],
      [{ "blocks.1.resid_mid": add(v) }, /which is read by the MLP/],
      [{ "blocks.1.z": add(random([2, 8], 1)) }, /which is projected first/],
      [
        { "blocks.0.resid_post": add(v) },
        /edits blocks.0.resid_post, and control vectors start at what leaves block 1/,
      ],
      [{ "blocks.1.resid_pre": add(v) }, /start at what leaves block 1/],
      [{ resid_post: add(random([3, 16], 1)) }, /edits blocks.0.resid_post/],
      [{ "blocks.1.mlp_out": add(0) }, /no direction to write/],
    ];
    for (const [interventions, sentence] of refused) expect(message(() => gguf(interventions))).toMatch(sentence);
  });

  test("leaves vectors of zeros out: they add nothing", () => {
    const rows = tensor([...new Float32Array(16), ...ramp(32)], { shape: [3, 16] });
    expect([...readControlVector(gguf({ resid_post: add(rows) }), "x").keys()]).toEqual([1, 2]);
  });

  test("takes attn_out of parallel blocks, which their MLP does not read", () => {
    const write = (parallel_residual: boolean) =>
      exportIntervention({ "blocks.1.attn_out": add(v) }, { ...model.config, parallel_residual }, { format: "gguf" });
    expect(write(true)).toEqual(gguf({ "blocks.1.resid_post": add(v) }));
    expect(message(() => write(false))).toMatch(/read by the MLP/);
  });

  test("adds up what moves to the same place, and a number adds to every entry", async () => {
    const interventions = {
      "blocks.1.mlp_out": [add(v), add(0.5)],
      "blocks.2.resid_pre": add(v),
      "blocks.2.resid_post": add(-2),
    };
    const back = await importIntervention(exportIntervention(interventions, precise, { format: "gguf" }), precise);
    const asF64 = {
      "blocks.1.mlp_out": [add(v.cast("f64")), add(0.5)],
      "blocks.2.resid_pre": add(v.cast("f64")),
      "blocks.2.resid_post": add(-2),
    };
    const [got, want] = [back, asF64].map((x) => precise.forward([3, 1, 4], { interventions: x }).logits);
    expect(distance(got!, want!)).toBeLessThan(1e-12);
  });

  test("that does not fit the model is refused", async () => {
    expect(await failure(fixture("llama.gguf"), tinyModel())).toMatch(
      /"direction.2" does not fit "tiny"\n {2}stored block 2\n {2}model {2}blocks 0-1/,
    );
    expect(await failure(fixture("llama.gguf"), tinyModel({ n_layer: 3, n_embd: 8 }))).toMatch(
      /stored 16 values\n {2}model {2}d_model 8/,
    );
  });

  test("malformed in any way is refused in a sentence", async () => {
    const good = gguf({ "blocks.1.resid_post": add(v), "blocks.2.resid_post": add(v) });
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
    const find = (text: string) => Buffer.from(good).indexOf(text);
    const change = (edit: (bytes: Uint8Array, view: DataView) => void) => {
      const bytes = good.slice();
      edit(bytes, view(bytes));
      return bytes;
    };
    const [first, second, key] = [find("direction.1"), find("direction.2"), find("general.architecture")];
    const cases: [Uint8Array, RegExp][] = [
      [good.slice(0, 3), /neither a GGUF/],
      [good.slice(0, 40), /the file ends too early/],
      [good.slice(0, good.length - 60), /"direction.2" ends beyond the end of the file/],
      [change((_, at) => at.setUint32(4, 1, true)), /GGUF version 1, not version 2 or 3/],
      [change((_, at) => at.setUint32(4, 3, false)), /a big-endian GGUF file/],
      [change((_, at) => at.setUint32(12, 0xffffffff, true)), /the number of tensors is/],
      [change((_, at) => at.setUint32(8, 0xffffffff, true)), /the length of a tensor's name is 4575657221408424000/],
      [change((_, at) => at.setUint32(20, 0x1fffff, true)).slice(0, 24), /the file ends too early/],
      [change((_, at) => at.setUint32(8, 0, true)), /it holds no directions/],
      [
        change((bytes) => bytes.set(new TextEncoder().encode("X"), find("controlvector"))),
        /the architecture "Xontrolvector", not a control/,
      ],
      [change((bytes) => bytes.set([0x58], key)), /with no architecture/],
      [change((_, at) => at.setUint32(key + 20, 99, true)), /has the value type 99/],
      [change((bytes) => bytes.set([0xff], key + 2)), /a metadata key is not UTF-8/],
      [change((bytes) => bytes.set([0x30], first + 10)), /directions start at block 1/],
      [change((bytes) => bytes.set([0x32], first + 10)), /"direction.2" is there twice/],
      [change((bytes) => bytes.set([0x58], first)), /tensor "Xirection.1" is no direction/],
      [change((_, at) => at.setUint32(first + 11, 5, true)), /has 5 axes/],
      [change((_, at) => at.setUint32(first + 23, 2, true)), /has the type 2, not F32/],
      [change((_, at) => at.setUint32(first + 19, 0xffffff, true)), /is too large|the size of a tensor/],
      [change((_, at) => at.setUint32(second + 27, 33, true)), /starts at 33, not at a multiple of 32/],
      [change((_, at) => at.setUint32(second + 27, 32, true)), /"direction.2" overlaps/],
      [change((_, at) => at.setUint32(second + 27, 4096, true)), /ends beyond the end/],
      [change((_, at) => at.setFloat32(good.length - 64, Number.NaN, true)), /not finite/],
    ];
    for (const [bytes, sentence] of cases) expect(await failure(bytes)).toMatch(sentence);
    const twice = change((_, at) => at.setUint32(16, 4, true));
    const entry = good.slice(key - 8, find("controlvector.model_hint") - 8);
    const repeated = Uint8Array.from([...twice.slice(0, 24), ...entry, ...twice.slice(24)]);
    expect(await failure(repeated)).toMatch(/the metadata key "general.architecture" is there twice/);
  });
});
