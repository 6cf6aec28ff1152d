import { parseArgs } from "node:util";
import { cases, quickCases } from "./cases";

export const peerNames = ["jax-js", "tfjs-wasm", "tfjs-cpu", "torch"] as const;
export type PeerName = (typeof peerNames)[number];

export interface Options {
  json: boolean;
  quick: boolean;
  /** Keep what was measured before of the cases that are left out. */
  update: boolean;
  only: readonly string[];
  peers: readonly PeerName[];
}

export const usage = `Measures the engine against every peer on this machine.

  npm run bench:engine -- [--quick] [--json] [--only CASE,CASE [--update]] [--peers PEER,PEER]

--quick   few rounds of a few cases, in under two minutes
--json    prints the results as JSON in place of the tables
--only    ${cases.map((spec) => spec.name).join(", ")}
--update  puts the cases of --only into the results of an earlier complete run
--peers   ${peerNames.join(", ")}; "none" for the engine alone. Default: all but tfjs-cpu,
          which needs minutes for a step

A complete run writes bench/results/engine.json and engine.txt. Packages of peers are installed into
bench/engine/peers on first use. Example: npm run bench:engine -- --only A,dispatch --peers jax-js`;

/** Throws an `Error` for what it does not know. `undefined`: help is asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      only: { type: "string" },
      peers: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const allCases = cases.map((spec) => spec.name);
  const fast = peerNames.filter((name) => name !== "tfjs-cpu");
  const peers = values.peers === "none" ? [] : list("--peers", values.peers, peerNames, fast);
  const only = list("--only", values.only, allCases, values.quick ? quickCases.map((spec) => spec.name) : allCases);
  if (values.update && (values.quick || peers.length < fast.length)) {
    throw new Error("--update: only with full measurements of all peers, without --quick and --peers");
  }
  return { json: values.json, quick: values.quick, update: values.update, only, peers };
}

function list<T extends string>(flag: string, text: string | undefined, known: readonly T[], all: readonly T[]): T[] {
  if (text === undefined) return [...all];
  return text.split(",").map((part) => {
    const name = known.find((candidate) => candidate === part.trim());
    if (name === undefined) throw new Error(`${flag}: no "${part}". Known: ${known.join(", ")}.`);
    return name;
  });
}
