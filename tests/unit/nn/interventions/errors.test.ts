import { ArgumentError, ShapeError } from "fader/autograd";
import { add, dynamic, type Intervention, type Interventions, project, replace, SiteError, scale } from "fader/nn";
import { describe, expect, test } from "vitest";
import { message, random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const ids = [3, 1, 4, 1, 5, 9];
const logits = (interventions: Interventions, options: object = {}) =>
  values(model.forward(ids, { interventions, ...options }).logits);
const alpha = random([2, 6], 1);

describe("places that are none", () => {
  const cases: Record<string, Interventions> = {
    "unknown site": { mlp_output: scale(1) },
    "unknown place": { "blocks.0.attn.output": scale(1) },
    "layer beyond": { "blocks.2.mlp_out": scale(1) },
    "layers beyond": { mlp_out: scale(1, { layers: [0, 7] }) },
    "no layer at all": { "blocks.x.mlp_out": scale(1) },
  };
  test("throw a SiteError that names the nearest", () => {
    for (const [name, bad] of Object.entries(cases)) expect(() => logits(bad), name).toThrow(SiteError);
    expect(
      Object.values(cases)
        .map((bad) => message(() => logits(bad)))
        .join("\n\n"),
    ).toMatchInlineSnapshot(`
      "SiteError: interventions: no site "mlp_output"
        Nearest: "mlp_out". This model has blocks 0-1; sites: resid_pre, z, attn_out, resid_mid, mlp_out, resid_post.

      SiteError: interventions: no site "blocks.0.attn.output"
        Nearest: "blocks.0.attn_out". This model has blocks 0-1; sites: resid_pre, z, attn_out, resid_mid, mlp_out, resid_post.

      SiteError: interventions: no site "blocks.2.mlp_out"
        Nearest: "blocks.0.mlp_out". This model has blocks 0-1; sites: resid_pre, z, attn_out, resid_mid, mlp_out, resid_post.

      SiteError: interventions: "mlp_out": no block 7
        This model has blocks 0-1.

      SiteError: interventions: no site "blocks.x.mlp_out"
        Nearest: "blocks.0.mlp_out". This model has blocks 0-1; sites: resid_pre, z, attn_out, resid_mid, mlp_out, resid_post."
    `);
  });
});

describe("edits that would never fire or are none", () => {
  const not = (value: unknown) => ({ mlp_out: value as Intervention });
  const cases: Record<string, Interventions> = {
    "empty layers": { mlp_out: scale(1, { layers: [] }) },
    "empty positions": { mlp_out: scale(1, { positions: [] }) },
    "position behind every prompt": { mlp_out: scale(1, { positions: [6] }) },
    "position before every prompt": { mlp_out: scale(1, { positions: [-7] }) },
    "position that is no integer": { mlp_out: scale(1, { positions: [0.5] }) },
    "more positions than tokens": { mlp_out: scale(random([2, 7], 1)) },
    "layers at one place": { "blocks.1.mlp_out": scale(1, { layers: [1] }) },
    "empty object": not({}),
    tensor: not(alpha),
    number: not(3),
    null: not(null),
    "null in a list": not([scale(1), null]),
    "unknown kind": not({ kind: "scales", alpha: 1 }),
  };
  test("throw an ArgumentError that says why", () => {
    for (const [name, bad] of Object.entries(cases)) expect(() => logits(bad), name).toThrow(ArgumentError);
    expect(
      Object.values(cases)
        .map((bad) => message(() => logits(bad)))
        .join("\n\n"),
    ).toMatchInlineSnapshot(`
      "ArgumentError: interventions: "mlp_out" would never fire: its list of layers is empty

      ArgumentError: interventions: "mlp_out" would never fire: its list of positions is empty

      ArgumentError: interventions: "mlp_out" would never fire: position 6 is outside every prompt (the longest prompt has 6 tokens)

      ArgumentError: interventions: "mlp_out" would never fire: position -7 is outside every prompt (the longest prompt has 6 tokens)

      ArgumentError: interventions: "mlp_out": position 0.5 is not an integer

      ArgumentError: interventions: "mlp_out" would never fire: position 6 is outside every prompt (the longest prompt has 6 tokens)

      ArgumentError: interventions: "blocks.1.mlp_out" names one block, so layers has no meaning
        Leave layers out, or use the key "mlp_out".

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project().

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project().

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project().

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project().

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project().

      ArgumentError: interventions: "mlp_out" holds no intervention
        Make one with scale(), add(), dynamic(), replace(), ablate(), project()."
    `);
  });

  test("so do parameters that are lists or missing", () => {
    const bad = [scale([[1, 2, 3, 4, 5, 6]] as never), scale(undefined as never), add(null as never)];
    for (const edit of bad) expect(() => logits({ mlp_out: edit })).toThrow(ArgumentError);
  });

  test("so does a position named twice, of which one value would be lost", () => {
    for (const positions of [
      [1, 1],
      [5, -1],
    ]) {
      expect(() => logits({ mlp_out: add(random([2, 2, 16], 1), { positions }) })).toThrow(ArgumentError);
    }
  });

  test("so does a wrong number of betas, or one that is not finite", () => {
    expect(message(() => logits({ mlp_out: scale(1) }, { beta: [1, 1] }))).toMatchInlineSnapshot(
      `"ArgumentError: interventions: 2 values of beta for 1 prompts"`,
    );
    expect(() => logits({ mlp_out: scale(1) }, { beta: Number.NaN })).toThrow(ArgumentError);
  });
});

describe("parameters that do not fit", () => {
  const cases: Record<string, Interventions> = {
    "scale layers": { mlp_out: scale(random([3], 1)) },
    "scale at one place": { "blocks.0.mlp_out": scale(random([2, 6], 1)) },
    "scale positions": { mlp_out: scale(random([2, 3], 1), { positions: [0, 1] }) },
    "scale layers option": { mlp_out: scale(random([2, 6], 1), { layers: [0] }) },
    "scale with all positions": { mlp_out: scale(random([2, 6], 1), { positions: "all" }) },
    "scale heads": { z: scale(random([2, 6, 3], 1)) },
    add: { mlp_out: add(random([2, 15], 1)) },
    "add at z": { z: add(random([2, 6, 16], 1)) },
    "dynamic g": { mlp_out: dynamic(random([2, 6, 16], 1), random([2], 1)) },
    "dynamic b": { mlp_out: dynamic(random([2, 16], 1), random([1], 1)) },
    replace: { mlp_out: replace(random([16], 1)) },
    project: { mlp_out: project(random([2, 6, 15], 1)) },
  };
  test("throw a ShapeError with the valid shapes", () => {
    for (const [name, bad] of Object.entries(cases)) expect(() => logits(bad), name).toThrow(ShapeError);
    expect(
      Object.values(cases)
        .map((bad) => message(() => logits(bad)))
        .join("\n\n"),
    ).toMatchInlineSnapshot(`
      "ShapeError: interventions: mlp_out.alpha has the wrong shape
        got   [3]
        valid [2, positions] or [2]

      ShapeError: interventions: blocks.0.mlp_out.alpha has the wrong shape
        got   [2, 6]
        valid [positions] or []

      ShapeError: interventions: mlp_out.alpha has the wrong shape
        got   [2, 3]
        valid [2, 2] or [2]

      ShapeError: interventions: mlp_out.alpha has the wrong shape
        got   [2, 6]
        valid [1, positions] or [1]

      ShapeError: interventions: mlp_out.alpha has the wrong shape
        got   [2, 6]
        valid [2]

      ShapeError: interventions: z.alpha has the wrong shape
        got   [2, 6, 3]
        valid [2, positions] or [2] or [2, positions, 2]

      ShapeError: interventions: mlp_out.v has the wrong shape
        got   [2, 15]
        valid [2, positions, 16] or [2, 16]

      ShapeError: interventions: z.v has the wrong shape
        got   [2, 6, 16]
        valid [2, positions, 2, 8] or [2, 2, 8]

      ShapeError: interventions: mlp_out.g has the wrong shape
        got   [2, 6, 16]
        valid [2, 16]

      ShapeError: interventions: mlp_out.b has the wrong shape
        got   [1]
        valid [2]

      ShapeError: interventions: mlp_out.value has the wrong shape
        got   [16]
        valid [2, positions, 16] or [2, 16]

      ShapeError: interventions: mlp_out.direction has the wrong shape
        got   [2, 6, 15]
        valid [2, positions, 16] or [2, 16]"
    `);
  });
});
