import { parseArgs } from "node:util";
import { makeCase } from "./cases";
import { fuzz } from "./supervise";

const usage = `Loads checkpoint folders that were mutated at random: each must be refused with a readable, typed error or load as
its files say. Never a hang, a crash, or a wrong shape or value.

  npm run fuzz -- [--count 10000] [--seed 0] [--family gpt2|gpt_neox|llama] [--from 0]

Prints what failed, with the number of each case; --from N --count 1 runs one again. Exit status 1 where one failed.`;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: "0" },
    from: { type: "string", default: "0" },
    family: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [count, seed, from] = [values.count, values.seed, values.from].map(Number) as [number, number, number];
const { family } = values;
const areNumbers = [count, seed, from].every((value) => Number.isSafeInteger(value) && value >= 0);
const isFamily = family === undefined || ["gpt2", "gpt_neox", "llama"].includes(family);
if (values.help || !areNumbers || !isFamily) {
  console.log(usage);
  process.exit(values.help ? 0 : 1);
}

const started = Date.now();
const every = Math.max(1, Math.round(count / 10));
const summary = await fuzz({ seed, from, to: from + count, family }, (index, problem) => {
  if (problem !== undefined) console.log(`\ncase ${index}: ${problem}`);
  if ((index + 1 - from) % every === 0 && count > 100) console.log(`${index + 1 - from} of ${count}`);
});
if (count === 1) console.log(makeCase(seed, from, family).what);
const seconds = ((Date.now() - started) / 1000).toFixed(1);
const { loaded, refused, failures, slowest } = summary;
console.log(
  `\n${count} folders in ${seconds} s: ${loaded} loaded, ${refused} refused, ${failures.length} failed. ` +
    `Slowest: case ${slowest.index}, ${Math.round(slowest.cpuMs)} ms.`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
