import { ShapeError, tensor } from "fader/autograd";
import { ablate, add, type Interventions, replace, scale } from "fader/nn";
import { describe, expect, test } from "vitest";
import { distance, random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const ids = [3, 1, 4, 1, 5, 9];
const logits = (interventions: Interventions, options: object = {}) =>
  values(model.forward(ids, { interventions, ...options }).logits);
const alpha = random([2, 6], 1);
const v = random([2, 16], 2);

describe("one intervention in several forms", () => {
  test("per place or per site", () => {
    const bySite = logits({ mlp_out: scale(alpha) });
    const row = (l: number) => alpha.slice([[l, l + 1]]).squeeze(0);
    expect(logits({ "blocks.0.mlp_out": scale(row(0)), "blocks.1.mlp_out": scale(row(1)) })).toEqual(bySite);
    expect(logits({ "blocks.1.hook_mlp_out": scale(row(1)), "blocks.0.hook_mlp_out": scale(row(0)) })).toEqual(bySite);
    expect(logits({ hook_mlp_out: scale(alpha) })).toEqual(bySite);
  });

  test("a number or the same number everywhere", () => {
    expect(logits({ attn_out: scale(0.5) })).toEqual(logits({ attn_out: scale(tensor([0.5, 0.5])) }));
    expect(logits({ attn_out: add(0.5) })).toEqual(logits({ attn_out: add(random([2, 16], 0, "f32", 0).add(0.5)) }));
    expect(logits({ attn_out: ablate() })).toEqual(logits({ attn_out: scale(-1) }));
    expect(logits({ attn_out: replace(0) })).toEqual(logits({ attn_out: ablate() }));
  });

  test("beta or the parameter times beta", () => {
    const halved = logits({ mlp_out: add(v.mul(0.5)) });
    expect(logits({ mlp_out: add(v) }, { beta: 0.5 })).toEqual(halved);
    expect(logits({ mlp_out: scale(alpha) }, { beta: -1 })).toEqual(logits({ mlp_out: scale(alpha.neg()) }));
  });

  test("layers picks blocks, in the order of the tensor", () => {
    const both = logits({ mlp_out: add(v) });
    expect(logits({ mlp_out: add(v.flip([0]), { layers: [1, 0] }) })).toEqual(both);
    const second = v.slice([[1, 2]]);
    expect(logits({ mlp_out: add(second, { layers: [1] }) })).toEqual(
      logits({ "blocks.1.mlp_out": add(second.squeeze(0)) }),
    );
    expect(logits({ mlp_out: ablate({ layers: [1] }) })).toEqual(logits({ "blocks.1.mlp_out": ablate() }));
  });

  test("positions counts from the start or the end", () => {
    const late = logits({ mlp_out: add(v, { positions: [-1, -2] }) });
    expect(logits({ mlp_out: add(v, { positions: [5, 4] }) })).toEqual(late);
    const two = random([2, 2, 16], 3);
    const swapped = two.flip([1]);
    expect(logits({ mlp_out: add(two, { positions: [-1, 2] }) })).toEqual(
      logits({ mlp_out: add(swapped, { positions: [2, 5] }) }),
    );
  });

  test("a tensor with fewer positions than the prompt edits the first ones", () => {
    const three = alpha.slice([null, [0, 3]]);
    expect(logits({ mlp_out: scale(three) })).toEqual(logits({ mlp_out: scale(three, { positions: [0, 1, 2] }) }));
  });

  test("an edit never changes what comes before it", () => {
    const run = (interventions: Interventions) => model.forward(ids, { interventions, capture: ["resid_post"] });
    const [clean, edited] = [run({}), run({ "blocks.1.z": ablate({ positions: [3] }) })];
    expect(values(edited.activations["blocks.0.resid_post"]!)).toEqual(
      values(clean.activations["blocks.0.resid_post"]!),
    );
    const rows = (x: typeof clean, part: [number, number?]) => values(x.logits.slice([null, part]));
    expect(rows(edited, [0, 3])).toEqual(rows(clean, [0, 3]));
    expect(distance(rows(edited, [3, 4]), rows(clean, [3, 4]))).toBeGreaterThan(1e-3);
  });
});

describe("at z", () => {
  const heads = random([2, 2], 4);
  test("a scalar per head is one per place and head", () => {
    const all = logits({ z: scale(heads, { positions: "all" }) });
    const wide = heads.unsqueeze(1).expand([2, 6, 2]);
    expect(logits({ z: scale(wide) })).toEqual(all);
    const spread = heads.unsqueeze(2).expand([2, 2, 8]).add(1);
    const { activations } = model.forward(ids, { capture: ["blocks.0.z"] });
    const product = activations["blocks.0.z"]!.squeeze(0).mul(spread.slice([[0, 1]]));
    expect(
      distance(
        logits({ "blocks.0.z": replace(product) }),
        logits({ "blocks.0.z": scale(heads.slice([[0, 1]]).squeeze(0), { positions: "all" }) }),
      ),
    ).toBeLessThan(1e-5);
  });

  test("a second axis counts positions unless positions are all", () => {
    const two = logits({ z: scale(heads) });
    expect(two).toEqual(logits({ z: scale(heads, { positions: [0, 1] }) }));
    expect(two).not.toEqual(logits({ z: scale(heads, { positions: "all" }) }));
  });

  test("a vector has heads and their width", () => {
    expect(model.forward(ids, { interventions: { z: add(random([2, 2, 8], 1)) } }).logits.shape).toEqual([1, 6, 29]);
    expect(() => logits({ z: add(random([2, 16], 1)) })).toThrow(ShapeError);
  });
});
