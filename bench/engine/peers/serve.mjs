import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Answers the orchestrator, one JSON line for each of its lines. `items[name]` has `check()`, which returns numbers by
 * name, and `run()`, which does the work once and may return numbers by name; both may be async, or throw `Missing`.
 * Between requests the process sleeps.
 */
export async function serve(start) {
  const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  let items;
  try {
    const started = await start();
    items = started.items;
    answer({ ready: true, info: started.info });
  } catch (error) {
    answer(problem(error));
    process.exit(1);
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      if (request.do === "quit") break;
      if (request.do === "memory") answer(memory());
      else if (request.do === "check") answer({ result: await items[request.item].check() });
      else answer(await time(items[request.item], request.count));
    } catch (error) {
      answer(problem(error));
    }
  }
  process.exit(0);
}

/** What an engine lacks: reported as such, not as a failure. */
export class Missing extends Error {}

async function time(item, count) {
  const ms = [];
  const values = {};
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    // Awaiting what is no promise would cost a turn of the event loop.
    const pending = item.run();
    const result = pending instanceof Promise ? await pending : pending;
    ms.push(performance.now() - start);
    for (const [name, value] of Object.entries(result ?? {})) {
      values[name] ??= [];
      values[name].push(value);
    }
  }
  return { ms, values };
}

const problem = (error) =>
  error instanceof Missing ? { missing: error.message } : { error: String(error?.stack ?? error) };

/** Bytes resident now and at most. Linux counts what the parent had at the fork in maxRSS, so its own file is better. */
function memory() {
  const rss = process.memoryUsage.rss();
  try {
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
    return { rss, peak };
  } catch {
    return { rss, peak: process.resourceUsage().maxRSS * 1024 };
  }
}
