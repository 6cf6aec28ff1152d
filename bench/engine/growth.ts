import { Child, type Command } from "./child";
import { bareMemory } from "./engines";
import type { Growth } from "./results";

/** Resident memory after a few training steps and after many, in a process that does nothing else. */
export async function measureGrowth(command: Command, steps: number, say: (line: string) => void): Promise<Growth> {
  const child = new Child(command);
  const timed = async (count: number) => {
    const answer = await child.ask({ do: "time", item: "step", count }, 600);
    if (answer.kind !== "timed") throw new Error("memory: a step failed");
  };
  const resident = async (): Promise<number> => {
    const answer = await child.ask({ do: "memory" }, 10);
    if (answer.kind !== "memory") throw new Error("memory: no answer");
    return answer.rss;
  };
  try {
    const ready = await child.ready(120);
    if (ready.kind !== "ready") throw new Error("memory: the engine did not start");
    await timed(1);
    let early = 0;
    for (let i = 2; i <= 10; i++) {
      await timed(1);
      early = Math.max(early, await resident());
    }
    for (let done = 10; done < steps; done += 10) {
      if (done % 100 === 0) say(`memory: ${done} of ${steps} steps`);
      await timed(10);
    }
    return { early, late: await resident(), steps, bare: bareMemory("node") };
  } finally {
    child.stop();
  }
}
