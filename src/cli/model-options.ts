import type cliProgress from "cli-progress";
import { type Command, Option } from "commander";
import type { CheckpointDType, FileProgress, Model } from "../nn";
import { loadModel } from "../node/load";
import { newBar } from "./shared";

/** Which model: options that most commands share. */
export interface ModelOptions extends SourceOptions {
  model?: string;
}
export interface SourceOptions {
  revision?: string;
  offline?: boolean;
  dtype?: CheckpointDType;
}

export function withModel(command: Command): Command {
  return withSource(
    command.option(
      "--model <source>",
      "checkpoint folder, URL, or name on the Hugging Face hub (default: the built-in model)",
    ),
  );
}

/** How a model is found and kept, whatever names it. */
export function withSource(command: Command): Command {
  return command
    .option("--revision <name>", "branch, tag or commit on the hub (default: main)")
    .option("--offline", "of the hub's models only those already downloaded")
    .addOption(
      new Option("--dtype <name>", "what matrices are kept as (auto: as stored; default: f32)").choices([
        "f32",
        "auto",
        "f16",
        "bf16",
      ]),
    );
}

/** The model that the options name, with a bar for each file that is downloaded. */
export async function open({ model, revision, offline, dtype }: ModelOptions): Promise<Model> {
  const { onProgress, stop } = downloadBars();
  try {
    return await loadModel(model, { revision, offline, dtype, onProgress });
  } finally {
    stop();
  }
}

function downloadBars(): { onProgress: (progress: FileProgress) => void; stop: () => void } {
  let bar: cliProgress.SingleBar | undefined;
  let current: string | undefined;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return {
    onProgress({ file, loaded, total }) {
      const payload = { loaded: megabytes(loaded), size: megabytes(total) };
      if (file !== current) {
        bar?.stop();
        bar = newBar(`  ${file} {bar} {percentage}%  {loaded}/{size} MB`);
        bar.start(total, loaded, payload);
        current = file;
      } else bar!.update(loaded, payload);
    },
    stop: () => bar?.stop(),
  };
}
