import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseConfig, weightShapes } from "fader/nn";
import { Random } from "fader/tensor";
import { numberToBfloat, numberToHalf } from "../../src/tensor/internal";
import { type ShapeName, type Stored, shapes } from "./shapes";

/** A prime number of random values, so that rows of a weight that repeats them all differ. */
const period = 1_000_003;

/** Writes a checkpoint folder of a shape with random weights, a piece at a time: it may be larger than memory. */
export function writeRandomCheckpoint(folder: string, name: ShapeName, stored: Stored): void {
  mkdirSync(folder, { recursive: true });
  const { config } = shapes[name];
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const size = stored === "F32" ? 4 : 2;
  let end = 0;
  const header: Record<string, object> = {};
  const weights = Object.entries(weightShapes(parseConfig(config)));
  for (const [key, shape] of weights) {
    const bytes = size * shape.reduce((a, b) => a * b, 1);
    header[key] = { dtype: stored, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(json.length), true);
  const file = openSync(join(folder, "model.safetensors"), "w");
  try {
    writeSync(file, new Uint8Array(length.buffer));
    writeSync(file, json);
    const values = [0, 1].map((centre) => randomBytes(stored, centre));
    for (const [key, shape] of weights) {
      // Gains of norms lie around 1, all else around 0.
      const isGain = shape.length === 1 && key.endsWith("weight");
      write(file, values[isGain ? 1 : 0]!, size * shape.reduce((a, b) => a * b, 1));
    }
  } finally {
    closeSync(file);
  }
}

function randomBytes(stored: Stored, centre: number): Uint8Array {
  const random = new Random(1);
  const values = Float32Array.from({ length: period }, () => centre + 0.02 * random.normal());
  if (stored === "F32") return new Uint8Array(values.buffer);
  return new Uint8Array(Uint16Array.from(values, stored === "F16" ? numberToHalf : numberToBfloat).buffer);
}

function write(file: number, bytes: Uint8Array, count: number): void {
  for (let done = 0; done < count; ) done += writeSync(file, bytes.subarray(0, Math.min(bytes.length, count - done)));
}
