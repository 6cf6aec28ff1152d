import cliProgress from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import type { LearnReport } from "../steering";

export function integer(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`"${text}" is not an integer.`);
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

export function withJson(command: Command): Command {
  return command.option("--json", "print the result as JSON");
}

/** A progress bar for a learner, on standard error so that standard output stays a result. */
export function progressBar(label: string): { onProgress: (report: LearnReport) => void; stop: () => void } {
  const bar = newBar(`  ${label.padEnd(8)} {bar} {value}/{total}  loss {loss}  active {active}`);
  let isStarted = false;
  return {
    onProgress({ step, steps, loss, activeParameters }) {
      const payload = { loss: loss.toFixed(2), active: activeParameters };
      if (!isStarted) bar.start(steps, step, payload);
      else bar.update(step, payload);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

/** A bar on standard error. */
export function newBar(format: string): cliProgress.SingleBar {
  const options = {
    format,
    hideCursor: true,
    clearOnComplete: false,
    barsize: 24,
    noTTYOutput: false,
    stream: process.stderr,
  };
  return new cliProgress.SingleBar(options, cliProgress.Presets.shades_grey);
}

/** On a command line `\n` is easier to type than a line break. */
export function lineBreaks(text: string): string {
  return text.replace(/\\n/g, "\n");
}

/** Token ids from `1,2,3`. */
export function idList(text: string): number[] {
  if (text.trim() === "") throw new InvalidArgumentError("no ids given.");
  return text.split(",").map(integer);
}

/** Prints an object as one JSON document. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}
