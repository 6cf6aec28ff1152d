import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { learnerOptions, withLearning } from "../../../src/cli/learner-options";
import { learnOptions } from "../../../src/steering/learn/options";

const read = (...args: string[]) => {
  const command = withLearning(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return learnerOptions(command.parse(args, { from: "user" }).opts());
};

describe("the learner options of commands", () => {
  test("are those of the library that have a help text", () => {
    const named = Object.entries(learnOptions).filter(([, { help }]) => help !== undefined);
    expect(Object.keys(read()).sort()).toEqual([...named.map(([name]) => name), "seed"].sort());
  });

  test("leave what depends on the kind to the learner", () => {
    expect(read()).toEqual({ sites: ["attn_out", "mlp_out"], sparsity: "l1", seed: 0 });
  });

  test("are read as numbers, lists, choices and switches", () => {
    const args = ["--sites", "z,mlp_out", "--batch-size", "4", "--gate-minimality", "0.5", "--sparsity", "l0"];
    expect(read(...args, "--debias", "--positions", "all", "--seed", "3")).toMatchObject({
      ...{ sites: ["z", "mlp_out"], batchSize: 4, gateMinimality: 0.5, sparsity: "l0" },
      ...{ debias: true, positions: "all", seed: 3 },
    });
    expect(() => read("--sites", "mlp")).toThrow('no site "mlp"');
    expect(() => read("--steps", "1.5")).toThrow("is not an integer");
    expect(() => read("--sparsity", "l2")).toThrow("Allowed choices are l1, l0");
  });
});
