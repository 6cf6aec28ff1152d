import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Message, Order } from "./child";

export interface Failure {
  index: number;
  problem: string;
}

export interface Summary {
  loaded: number;
  refused: number;
  failures: Failure[];
  /** The case that took the most processor time. */
  slowest: { index: number; cpuMs: number };
}

type OnCase = (index: number, problem?: string) => void;

/** Longer than this is a hang (wall clock) or too much work for a small folder (processor). */
const limits = { wallMs: 30_000, cpuMs: 3000, heapMiB: 512 };

/**
 * Runs the cases of an order in child processes: a new one goes on behind a case that hung or crashed its own.
 * `onCase`: called after each, with what was wrong.
 */
export async function fuzz(order: Order, onCase: OnCase = () => {}): Promise<Summary> {
  const summary: Summary = { loaded: 0, refused: 0, failures: [], slowest: { index: order.from, cpuMs: 0 } };
  for (let from = order.from; from < order.to; ) from = await runChild({ ...order, from }, summary, onCase);
  return summary;
}

/** Runs one child to its end. Resolves to the first case that it did not get to. */
function runChild(order: Order, summary: Summary, onCase: OnCase): Promise<number> {
  const child = startChild();
  let current = order.from;
  let hasBegun = false;
  let isRunning = false;
  let output = "";
  let clock: NodeJS.Timeout | undefined;
  let hung = false;
  const watch = () => {
    clearTimeout(clock);
    clock = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, limits.wallMs);
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (text) => {
      output = `${output}${text}`.slice(-2000);
    });
  }
  child.on("message", (message: Message) => {
    if (message.kind === "begin") {
      current = message.index;
      hasBegun = true;
      isRunning = true;
      watch();
    } else if (message.kind === "end") {
      isRunning = false;
      onCase(message.index, record(message, summary));
      current = message.index + 1;
    }
  });
  watch();
  child.send(order);
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      clearTimeout(clock);
      if (!hasBegun) return reject(new Error(`the process that loads folders does not start\n${output}`));
      if (!isRunning && current >= order.to) return resolve(current);
      const how = hung ? `took more than ${limits.wallMs / 1000} s` : `ended the process (${signal ?? code})`;
      const problem = `${how}\n${output}`;
      summary.failures.push({ index: current, problem });
      onCase(current, problem);
      resolve(current + 1);
    });
  });
}

function startChild(): ChildProcess {
  const execArgv = ["--conditions=fader-source", "--import", "tsx", `--max-old-space-size=${limits.heapMiB}`];
  const env = { ...process.env, FADER_THREADS: "1" };
  return fork(fileURLToPath(new URL("child.ts", import.meta.url)), [], { execArgv, env, silent: true });
}

/** Counts a case. Gives what was wrong with it. */
function record({ index, outcome, problem, cpuMs }: Message & { kind: "end" }, summary: Summary): string | undefined {
  if (cpuMs > summary.slowest.cpuMs) summary.slowest = { index, cpuMs };
  const wrong = cpuMs > limits.cpuMs ? `took ${Math.round(cpuMs)} ms` : problem;
  if (wrong !== undefined) summary.failures.push({ index, problem: wrong });
  else if (outcome !== "failed") summary[outcome]++;
  return wrong;
}
