import { ablate, add, describePositions, dynamic, type Intervention, replace, SiteError, scale } from "fader/nn";
import { describe, expect, test } from "vitest";
import { random, tinyModel } from "../../../helpers/tiny";

const { config } = tinyModel();
const on = "every position, generated tokens too";
const ends = (where: string) => `${where}; generated tokens are not edited`;
const behind = (where: string) => `${where}; tokens after them are not edited`;

describe("how far an edit reaches", () => {
  test.each<[string, Intervention, readonly number[] | undefined, string]>([
    ["mlp_out", scale(0.5), undefined, on],
    ["mlp_out", scale(random([2], 1)), undefined, on],
    ["mlp_out", scale(random([2, 3], 1)), [0, 1, 2], ends("positions 0-2 of the prompt")],
    ["mlp_out", scale(random([2, 3], 1), { positions: [4, 0, 1] }), [4, 0, 1], behind("positions 0-1 and 4")],
    ["blocks.1.mlp_out", add(random([16], 1)), undefined, on],
    ["blocks.1.mlp_out", add(random([4, 16], 1)), [0, 1, 2, 3], ends("positions 0-3 of the prompt")],
    ["mlp_out", add(random([1, 16], 1), { layers: [1] }), undefined, on],
    ["z", scale(random([2, 2], 1)), [0, 1], ends("positions 0-1 of the prompt")],
    ["z", scale(random([2, 2], 1), { positions: "all" }), undefined, on],
    ["z", add(random([2, 2, 8], 1)), undefined, on],
    ["attn_out", dynamic(random([2, 16], 1), random([2], 2)), undefined, on],
    ["attn_out", dynamic(random([2, 16], 1), random([2], 2), { positions: [0] }), [0], behind("position 0")],
    ["resid_pre", ablate(), undefined, on],
    ["resid_pre", ablate({ positions: [-1] }), [-1], ends("the last token of the prompt")],
    [
      "resid_pre",
      ablate({ positions: [-1, -3] }),
      [-1, -3],
      ends("positions -3 and -1 of the prompt, counted from its end"),
    ],
    ["resid_pre", replace(0, { positions: "all" }), undefined, on],
    [
      "resid_pre",
      replace(0, { positions: [0, -1, -2] }),
      [0, -1, -2],
      behind("positions -2 to -1 and 0 (negative ones from the end of the prompt)"),
    ],
  ])("%s %#", (key, edit, positions, words) => {
    const goesOn = positions === undefined;
    expect(describePositions({ [key]: edit }, config)).toEqual([{ key, kind: edit.kind, positions, goesOn, words }]);
  });

  test("is told for every edit of a map", () => {
    const map = { mlp_out: [scale(1), add(1, { positions: [2] })], "blocks.0.z": ablate() };
    expect(describePositions(map, config).map(({ key, kind, goesOn }) => [key, kind, goesOn])).toEqual([
      ["mlp_out", "scale", true],
      ["mlp_out", "add", false],
      ["blocks.0.z", "ablate", true],
    ]);
    expect(describePositions({}, config)).toEqual([]);
  });

  test("of a place that is none is an error", () => {
    expect(() => describePositions({ mlp: scale(1) }, config)).toThrow(SiteError);
    expect(() => describePositions({ mlp: scale(1, { positions: [0] }) }, config)).toThrow(SiteError);
    expect(() => describePositions({ mlp_out: {} as Intervention }, config)).toThrow('"mlp_out" holds no intervention');
  });
});
