import type { Command } from "commander";
import { engineInfo } from "../autograd";
import { fingerprint, sitesOf } from "../nn";
import { open, type SourceOptions, withSource } from "./model-options";
import { printJson, withJson } from "./shared";

/** `fader info`: what a checkpoint is. */
export function addInfo(program: Command): void {
  withJson(withSource(program.command("info").description("describe a checkpoint")))
    .argument("[source]", "checkpoint folder, URL, or name on the Hugging Face hub (default: the built-in model)")
    .addHelpText("after", "\nExample:\n  $ fader info checkpoints/gpt2")
    .action(run);
}

async function run(source: string | undefined, options: SourceOptions & { json?: boolean }): Promise<void> {
  const model = await open({ ...options, model: source });
  const { source: _, ...config } = model.config;
  const facts = {
    name: model.name,
    parameters: model.parameterCount,
    fingerprint: fingerprint(model),
    ...config,
    tokenizer: model.tokenizer === undefined ? "none" : `${model.tokenizer.vocabSize} tokens`,
    sites: sitesOf(model.config).join(", "),
    engine: describeEngine(),
  };
  if (options.json) return printJson(facts);
  const width = Math.max(...Object.keys(facts).map((key) => key.length));
  for (const [key, value] of Object.entries(facts)) console.log(`${key.padEnd(width)}  ${show(value)}`);
}

function describeEngine(): string {
  const { backend, threads, relaxedSimd } = engineInfo();
  const instructions = relaxedSimd ? "SIMD with fused multiply-add" : "SIMD";
  return `${backend}, ${instructions}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/** `dim 16, base 10000, scaling (rope_type linear, factor 2)`: fields on one line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value);
  return fields.map(([key, part]) => `${key} ${typeof part === "object" ? `(${show(part)})` : part}`).join(", ");
}
