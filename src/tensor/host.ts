/** Parts of Node's `process`. */
interface Process {
  env?: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
}

/** Asked for at run time: a browser must find no import of a Node module. */
export const host = (globalThis as { process?: Process }).process;

/** One of Node's own modules, `undefined` in a browser. */
export function nodeModule<T>(name: string): T | undefined {
  return host?.getBuiltinModule?.(name) as T | undefined;
}

/** A variable of the environment, `undefined` where it is not set and in a browser. */
export function environment(name: string): string | undefined {
  return host?.env?.[name];
}

/** Shared memory can be handed to workers: always in Node, in a browser where the page is cross-origin isolated. */
export const canShare =
  typeof SharedArrayBuffer !== "undefined" &&
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;

/** A module with one `f32x4.relaxed_madd`. */
const probe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2,
  253, 133, 2, 11,
]);

/** True where the engine runs relaxed SIMD. Node 20 does so behind a flag, which is switched on before any use. */
export function findRelaxedSimd(): boolean {
  if (environment("FADER_RELAXED_SIMD") === "0") return false;
  if (WebAssembly.validate(probe)) return true;
  const version = (host as { versions?: { node?: string } } | undefined)?.versions?.node;
  if (version?.split(".")[0] !== "20") return false;
  nodeModule<{ setFlagsFromString(flag: string): void }>("v8")?.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(probe);
}
