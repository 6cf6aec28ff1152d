import type { Kernels } from "../interface";
import { reference } from "../reference";
export const wasm: Kernels = { ...reference, name: "wasm" };
