import { openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** The case that the orchestrator wrote into `folder`: `spec`, and `read(name)`, which reads one tensor at a time. */
export function openCase(folder) {
  const spec = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
  const files = {};
  const read = (name) => {
    const { file, offset, shape } = spec.tensors[name];
    files[file] ??= openSync(file, "r");
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const bytes = new Uint8Array(values.buffer);
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(files[file], bytes, done, bytes.length - done, offset + done);
      if (got === 0) throw new Error(`${file} ends within ${name}`);
      done += got;
    }
    return { values, shape };
  };
  return { spec, read };
}

/** Names of the model's weights, without its inputs. */
export const weightNames = (spec) => Object.keys(spec.tensors).filter((name) => !name.startsWith("input."));

/** What two engines must agree on: some entries, spread evenly, and the length of the whole. */
export function digest(values, count = 16) {
  const stride = Math.max(1, Math.floor(values.length / count));
  const entries = [];
  for (let i = stride >> 1; i < values.length && entries.length < count; i += stride) entries.push(values[i]);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return { entries, norm: [Math.sqrt(squares)] };
}

/** `digest` of several arrays, flat. */
export function digests(arrays) {
  const result = {};
  for (const [name, values] of Object.entries(arrays)) {
    const { entries, norm } = digest(values);
    result[`${name} entries`] = entries;
    result[`${name} norm`] = norm;
  }
  return result;
}
