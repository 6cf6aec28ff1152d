import { cleanUp } from "./access";
import { makeCase } from "./cases";
import { judge } from "./oracle";

/** The process that loads mutated folders, so that one that hangs or crashes it can be seen from outside. */

export interface Order {
  seed: number;
  /** Cases `from` to `to` (not included). */
  from: number;
  to: number;
  family?: string;
}

export type Message =
  | { kind: "begin"; index: number }
  | { kind: "end"; index: number; outcome: "loaded" | "refused" | "failed"; problem?: string; cpuMs: number }
  | { kind: "done" };

const send = (message: Message) => process.send!(message);

process.on("exit", cleanUp);
process.on("disconnect", () => process.exit());
process.on("message", async ({ seed, from, to, family }: Order) => {
  // The engine of the tokenizers warns about patterns that it does not know.
  console.warn = () => {};
  for (let index = from; index < to; index++) {
    send({ kind: "begin", index });
    const testCase = makeCase(seed, index, family);
    const before = process.cpuUsage();
    let result: Pick<Message & { kind: "end" }, "outcome" | "problem">;
    try {
      result = { outcome: await judge(testCase) };
    } catch (error) {
      result = { outcome: "failed", problem: `${testCase.what}\n  ${(error as Error).message}` };
    }
    const { user, system } = process.cpuUsage(before);
    send({ kind: "end", index, ...result, cpuMs: (user + system) / 1000 });
    // Lets finalizers give the memory of unreachable weights back, and messages out.
    await new Promise((resolve) => setImmediate(resolve));
  }
  send({ kind: "done" });
  process.disconnect();
});
