import type { Case } from "./cases";
import { disagreement } from "./check";
import { Child, type Command, TooSlow } from "./child";
import type { Engine } from "./engines";
import { bareMemory } from "./engines";
import type { Numbers } from "./protocol";
import type { CaseResult, EngineResult } from "./results";
import { quantile, spreadOf } from "./statistics";

export interface Limits {
  rounds: number;
  /** How long an engine computes one item in a round, in milliseconds, where it takes less than that once. */
  roundMs: number;
  /** How long an engine computes one item in all. */
  itemMs: number;
  /** Seconds for one step; a check has four of them, and what has to be compiled. */
  stepSeconds: number;
}

interface Contestant {
  engine: Engine;
  child: Child;
  result: EngineResult;
  /** Checked items that are still timed, with the runs of a round. */
  counts: Record<string, number>;
  samples: Record<string, { ms: number[]; values: Record<string, number[]> }>;
}

/**
 * One case: every engine is set up and checked on its own, then all are timed in turns, so that one process computes
 * at any time and a slow minute of the machine meets all alike.
 */
export async function measureCase(
  spec: Case,
  folder: string,
  engines: readonly Engine[],
  expected: Record<string, Numbers>,
  limits: Limits,
  say: (line: string) => void,
): Promise<CaseResult> {
  const references = { ...expected };
  const contestants: Contestant[] = [];
  const results: Record<string, EngineResult> = {};
  try {
    for (const engine of engines.filter((candidate) => candidate.runs(spec))) {
      const result: EngineResult = { times: {}, notes: {}, info: {} };
      results[engine.name] = result;
      const contestant = await enter(spec, engine, result, folder, references, limits, say);
      if (contestant) contestants.push(contestant);
    }
    for (let round = 0; round < limits.rounds; round++) {
      say(`${spec.name}: round ${round + 1} of ${limits.rounds}`);
      for (const item of [...spec.items, ...contestants.flatMap((c) => c.engine.extra?.(spec) ?? [])]) {
        for (const contestant of contestants) await timeItem(contestant, item, limits);
      }
    }
    for (const contestant of contestants) await finish(contestant);
  } finally {
    for (const { child } of contestants) child.stop();
  }
  return { title: spec.title, engines: results };
}

/** Starts, checks and warms up an engine; `undefined` when nothing of it can be timed. */
async function enter(
  spec: Case,
  engine: Engine,
  result: EngineResult,
  folder: string,
  references: Record<string, Numbers>,
  limits: Limits,
  say: (line: string) => void,
): Promise<Contestant | undefined> {
  const commands = engine.commands(folder);
  const command = commands.length > 1 ? await fastest(spec, engine.name, commands, limits, say) : commands[0]!;
  say(`${spec.name}: ${engine.name} starts`);
  const child = new Child(command);
  const contestant: Contestant = { engine, child, result, counts: {}, samples: {} };
  const fail = (reason: string) => {
    for (const item of spec.items) result.notes[item] ??= reason;
    child.stop();
    return undefined;
  };
  try {
    const ready = await child.ready(120);
    if (ready.kind !== "ready") return fail(describe(ready));
    result.info = { ...ready.info, ...command.env };
    for (const item of [...spec.items, ...(engine.extra?.(spec) ?? [])]) {
      say(`${spec.name}: ${engine.name} checks ${item}`);
      const checked = await child.ask({ do: "check", item }, 4 * limits.stepSeconds);
      if (checked.kind !== "checked") {
        result.notes[item] = describe(checked);
        continue;
      }
      const wrong = references[item] && disagreement(checked.result, references[item], spec.tolerance);
      // Models have no other reference than the first engine, which is ours.
      if (spec.items.includes(item)) references[item] ??= checked.result;
      if (wrong) result.notes[item] = `wrong result: ${wrong}`;
      else contestant.counts[item] = await warmUp(contestant, item, limits);
    }
    return contestant;
  } catch (error) {
    if (error instanceof TooSlow) return fail(`too slow: ${error.message}`);
    throw error;
  }
}

/** Runs until the compilers of the engine had their time; returns how many runs fill a round. */
async function warmUp({ child, result }: Contestant, item: string, limits: Limits): Promise<number> {
  let last = Number.POSITIVE_INFINITY;
  for (let spent = 0, runs = 0; runs < 20 && spent < limits.roundMs; runs++) {
    const timed = await child.ask({ do: "time", item, count: 1 }, limits.stepSeconds);
    if (timed.kind !== "timed") {
      result.notes[item] = describe(timed);
      return 0;
    }
    last = timed.ms[0]!;
    spent += last;
  }
  return Math.max(1, Math.min(200, Math.round(limits.roundMs / last)));
}

async function timeItem(contestant: Contestant, item: string, limits: Limits): Promise<void> {
  const { child, result, counts, samples } = contestant;
  const count = counts[item] ?? 0;
  samples[item] ??= { ms: [], values: {} };
  const sample = samples[item];
  const spent = sample.ms.reduce((a, b) => a + b, 0);
  if (count === 0 || spent > limits.itemMs) return;
  try {
    const timed = await child.ask({ do: "time", item, count }, limits.stepSeconds);
    if (timed.kind !== "timed") throw new Error(describe(timed));
    sample.ms.push(...timed.ms);
    for (const [name, values] of Object.entries(timed.values)) {
      sample.values[name] = [...(sample.values[name] ?? []), ...values];
    }
  } catch (error) {
    // What was measured before stays; the process may be gone.
    result.notes[item] = (error as Error).message;
    counts[item] = 0;
  }
}

async function finish({ engine, child, result, samples }: Contestant): Promise<void> {
  for (const [item, { ms, values }] of Object.entries(samples)) {
    if (ms.length === 0) continue;
    const medians = Object.entries(values).map(([name, list]) => {
      const sorted = [...list].sort((a, b) => a - b);
      return [name, quantile(sorted, 0.5)];
    });
    result.times[item] = { ...spreadOf(ms), values: Object.fromEntries(medians) };
  }
  try {
    const memory = await child.ask({ do: "memory" }, 30);
    if (memory.kind === "memory")
      result.memory = { peak: memory.peak, rss: memory.rss, bare: bareMemory(engine.runtime) };
  } catch (error) {
    // The times that were measured stay.
    result.notes.memory = (error as Error).message;
  }
}

/** The command that runs an item of the case in the least time, tried briefly. */
async function fastest(
  spec: Case,
  name: string,
  commands: readonly Command[],
  limits: Limits,
  say: (line: string) => void,
): Promise<Command> {
  let best = { command: commands[0]!, ms: Number.POSITIVE_INFINITY };
  // One that takes far longer than another is not the fastest: threads that wait for each other can take minutes.
  let patience = 120 + 5 * limits.stepSeconds;
  for (const command of commands) {
    const start = performance.now();
    const setting = Object.entries(command.env ?? {}).map((pair) => pair.join("="));
    say(`${spec.name}: ${name} tries ${setting.join(" ")}`);
    const child = new Child(command);
    try {
      const left = () => Math.max(1, patience - (performance.now() - start) / 1000);
      if ((await child.ready(left())).kind !== "ready") continue;
      const ask = (count: number) => child.ask({ do: "time", item: probeItem(spec), count }, left());
      await ask(2);
      const timed = await ask(3);
      if (timed.kind !== "timed") continue;
      const ms = spreadOf(timed.ms).median;
      if (ms < best.ms) best = { command, ms };
      patience = Math.min(patience, 3 + (3 * (performance.now() - start)) / 1000);
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
    } finally {
      child.stop();
    }
  }
  return best.command;
}

/** Of the products a large one, else the last. */
const probeItem = (spec: Case): string => spec.items.find((item) => item === "512x512x512") ?? spec.items.at(-1)!;

function describe(answer: { kind: string; message?: string; reason?: string }): string {
  const text = answer.reason ?? answer.message?.split("\n")[0] ?? answer.kind;
  return answer.kind === "missing" ? `not supported: ${text}` : text.slice(0, 200);
}
