import type { Command } from "commander";
import { ArgumentError } from "../autograd";
import { writeBytes } from "../io/files";
import { exportIntervention, interopFormat } from "../steering";
import { type ModelOptions, open, withModel } from "./model-options";
import { openMap } from "./open-intervention";
import { number, printJson, withJson } from "./shared";

interface Options extends ModelOptions {
  beta: number;
  json?: boolean;
}

/** `fader export`: an intervention for PyTorch or llama.cpp. */
export function addExport(program: Command): void {
  withJson(withModel(program.command("export").description("write an intervention for PyTorch or llama.cpp")))
    .argument("<intervention>", "a saved intervention, or a file that export wrote")
    .argument("<out>", "the file to write: .npz, .safetensors, or .gguf for a control vector")
    .option("--beta <x>", "how far to turn it, multiplied into the values", number, 1)
    .addHelpText("after", "\nExample:\n  $ fader export capitals.fader.safetensors capitals.npz --beta -1")
    .action(run);
}

async function run(file: string, out: string, options: Options): Promise<void> {
  const format = interopFormat(out);
  if (out.endsWith(".fader.safetensors")) {
    throw new ArgumentError("export", `${out}: this ending is for interventions with their provenance`, {
      hint: "Let the name end in .safetensors alone.",
    });
  }
  const model = await open(options);
  const { beta } = options;
  const bytes = exportIntervention(await openMap(file, model), model, { format, beta });
  await writeBytes(out, bytes);
  if (options.json) printJson({ file: out, format, beta, bytes: bytes.length });
  else console.log(`${out}: ${bytes.length} bytes`);
}
