import { type CheckpointFolder, memoryAccess } from "fader";
import config from "../../../models/capitals/config.json?url&no-inline";
import weights from "../../../models/capitals/model.safetensors?url&no-inline";
import tokenizer from "../../../models/capitals/tokenizer.json?url&no-inline";
import tokenizerConfig from "../../../models/capitals/tokenizer_config.json?url&no-inline";
import { offerEngine } from "./boundary";
import { createEngine } from "./engine";

const files: Record<string, string> = {
  "config.json": config,
  "model.safetensors": weights,
  "tokenizer.json": tokenizer,
  "tokenizer_config.json": tokenizerConfig,
};

/** The model that comes with the page, as files of the page. */
const builtIn: CheckpointFolder = {
  name: "capitals",
  locate: (file) => files[file] ?? file,
  async open(file) {
    if (files[file] === undefined) return undefined;
    const response = await fetch(files[file]);
    if (!response.ok) throw new Error(`${file} of the built-in model: ${response.status} ${response.statusText}`);
    return memoryAccess(new Uint8Array(await response.arrayBuffer()));
  },
};

offerEngine(createEngine({ builtIn }));
