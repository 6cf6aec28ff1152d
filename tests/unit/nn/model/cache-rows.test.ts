import { ArgumentError } from "fader/autograd";
import { KVCache } from "fader/nn";
import { describe, expect, test } from "vitest";
import { distance, message, tinyModel } from "../../../helpers/tiny";

const model = tinyModel();
const last = { positions: "last" } as const;

describe("a row of a cache that has ended", () => {
  test("lets the others go on, also beyond its own context", () => {
    const long = new Array<number>(12).fill(3);
    const cache = new KVCache(model);
    model.forward([long, [5, 6]], { cache, ...last });
    const ids = [5, 6];
    for (const id of [7, 8, 9]) {
      ids.push(id);
      const { logits } = model.forward([[], [id]], { cache, ...last });
      expect(distance(logits.slice([[1, 2]]), model.forward(ids, last).logits)).toBeLessThan(1e-5);
    }
  });

  test("stays ended", () => {
    const cache = new KVCache(model);
    model.forward([[1], [2, 3]], { cache });
    model.forward([[], [4]], { cache });
    expect(message(() => model.forward([[5], [6]], { cache }))).toBe(
      "ArgumentError: forward: with a filled cache each of its rows goes on by the same number of tokens\n" +
        "  rows in the cache 2\n  new tokens        [1, 1]\n  ended             [0]\n" +
        "  A row that has ended takes an empty list from then on.",
    );
    expect(() => model.forward([[], []], { cache })).toThrow(ArgumentError);
    expect(() => model.forward([[4], [1, 2]], { cache })).toThrow(ArgumentError);
    expect(() => model.forward([[], [5]], { cache })).not.toThrow();
  });

  test("cannot be one that never began", () => {
    expect(() => model.forward([[], [4]], { cache: new KVCache(model) })).toThrow("prompt 0 is empty");
  });
});
