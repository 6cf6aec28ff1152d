import { type Tensor, tensor, valueAndGrad } from "fader/autograd";
import { add, dynamic, type Interventions, project, resolveEdits, scale } from "fader/nn";
import { describe, expect, test } from "vitest";
import { random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const { config } = model;
const ids = [3, 1, 4, 1, 5, 9];
const shapesOf = (map: Interventions) =>
  resolveEdits(map, config).map(({ place, positions, values: own }) => [
    place.site,
    place.layer,
    positions,
    Object.values(own).map((x) => (typeof x === "number" ? x : x.shape)),
  ]);

describe("the normal form of an intervention map", () => {
  test("is a flat list of edits of single places, with one layout of axes", () => {
    expect(
      shapesOf({
        mlp_out: [scale(0.5), scale(random([2], 1)), scale(random([2, 3], 1))],
        "blocks.1.z": [scale(random([3], 1)), scale(random([2], 1), { positions: "all" }), scale(random([3, 2], 1))],
        z: [add(random([1, 1, 2, 8], 1), { layers: 1, positions: -1 })],
        resid_pre: dynamic(random([2, 16], 1), random([2], 2), { positions: [4, 0] }),
        "blocks.0.attn_out": project(random([16], 1)),
      }),
    ).toEqual([
      ["mlp_out", 0, undefined, [0.5]],
      ["mlp_out", 1, undefined, [0.5]],
      ["mlp_out", 0, undefined, [[1, 1]]],
      ["mlp_out", 1, undefined, [[1, 1]]],
      ["mlp_out", 0, [0, 1, 2], [[3, 1]]],
      ["mlp_out", 1, [0, 1, 2], [[3, 1]]],
      ["z", 1, [0, 1, 2], [[3, 1, 1]]],
      ["z", 1, undefined, [[1, 2, 1]]],
      ["z", 1, [0, 1, 2], [[3, 2, 1]]],
      ["z", 1, [-1], [[1, 2, 8]]],
      [
        "resid_pre",
        0,
        [4, 0],
        [
          [1, 16],
          [1, 1],
        ],
      ],
      [
        "resid_pre",
        1,
        [4, 0],
        [
          [1, 16],
          [1, 1],
        ],
      ],
      ["attn_out", 0, undefined, [[1, 16]]],
    ]);
  });

  test("remembers the entry of the map, and switches with their defaults", () => {
    const map = { mlp_out: [scale(1), dynamic(random([2, 16], 1), random([2], 2), { normalize: false })] };
    const edits = resolveEdits(map, config);
    expect(edits.map(({ key, index, kind }) => `${key} ${index} ${kind}`)).toEqual([
      ...["mlp_out 0 scale", "mlp_out 0 scale"],
      ...["mlp_out 1 dynamic", "mlp_out 1 dynamic"],
    ]);
    expect(edits.at(-1)!.flags).toEqual({ normalize: false });
  });

  test("keeps parameters in the graph", () => {
    const { value, grads } = valueAndGrad((alpha: Tensor) => {
      const edits = resolveEdits({ mlp_out: scale(alpha) }, config);
      return edits.reduce(
        (sum, edit) =>
          sum.add(
            tensor(edit.place.layer + 1)
              .mul(edit.values.alpha!)
              .sum(),
          ),
        tensor(0),
      );
    })(tensor([1, 10]));
    expect(value.item()).toBe(21);
    expect(values(grads)).toEqual([1, 2]);
  });

  test("takes one layer or position where a list is expected", () => {
    const logits = (interventions: Interventions) => values(model.forward(ids, { interventions }).logits);
    expect(logits({ mlp_out: scale(2, { layers: 1, positions: -1 }) })).toEqual(
      logits({ mlp_out: scale(2, { layers: [1], positions: [-1] }) }),
    );
  });
});
