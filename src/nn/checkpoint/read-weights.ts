import { memoryUse, OutOfMemoryError, type Tensor } from "../../autograd";
import type { RandomAccess } from "../../io/folder";
import { empty, itemSize, memoryLimit, outsideStep, sizeOf } from "../../tensor/internal";
import { CheckpointError } from "../errors";
import {
  convertInto,
  DTYPES,
  firstNotFinite,
  keptDType,
  type StoredEntry,
  type StoredFloat,
  storedValue,
  type WeightDType,
} from "./safetensors";

/** `f32` widens 16-bit weights; `auto` keeps them as stored; `f16`, `bf16` round to them; `f64` for reference values. */
export type CheckpointDType = "f32" | "auto" | "f16" | "bf16" | "f64";

/** How much of a file is held at a time. */
const CHUNK = 2 ** 23;

/** A weight being read: its storage is there, its values come in pieces. */
export class WeightInProgress {
  readonly tensor: Tensor;
  private readonly dtype: WeightDType;

  constructor(
    readonly entry: StoredEntry,
    private readonly source: string,
    wanted: CheckpointDType,
  ) {
    this.dtype = dtypeFor(wanted, entry);
    this.tensor = outsideStep(() => empty(entry.shape, this.dtype));
  }

  /**
   * Takes whole elements from byte `begin` of the file on. Throws `CheckpointError` for what is not finite, or too large
   * for the dtype.
   */
  write(begin: number, bytes: Uint8Array): void {
    const { entry, dtype } = this;
    const stored = entry.dtype as StoredFloat;
    const size = DTYPES[stored].bits / 8;
    const at = (begin - entry.begin) / size;
    const data = this.tensor.storage.data();
    convertInto(data, dtype, at, stored, bytes);
    const bad = firstNotFinite(data, dtype, at, bytes.length / size);
    if (bad < 0) return;
    const value = storedValue(stored, bytes.slice((bad - at) * size, (bad - at + 1) * size));
    if (!Number.isFinite(value)) {
      throw new CheckpointError(this.source, `${entry.name} holds ${value} at element ${bad}`, {
        hint: "The file is damaged, or its training diverged.",
      });
    }
    throw new CheckpointError(this.source, `${entry.name} holds ${value} at element ${bad}, too large for ${dtype}`, {
      hint: `Use dtype: "${dtype === "f16" ? "bf16" : dtype === "bf16" ? "f32" : "f64"}".`,
    });
  }
}

/** Vectors (norms, biases) stay in f32: they are few, and what is computed with them is sensitive. */
function dtypeFor(wanted: CheckpointDType, { dtype, shape }: StoredEntry): WeightDType {
  if (wanted === "f64") return "f64";
  if (shape.length < 2 || wanted === "f32") return "f32";
  if (wanted !== "auto") return wanted;
  return dtype === "F16" || dtype === "BF16" ? keptDType(dtype) : "f32";
}

/**
 * Throws `OutOfMemoryError` before anything is taken when weights do not fit into the engine's memory, with the dtype in
 * which they would.
 */
export function checkRoom(entries: readonly StoredEntry[], wanted: CheckpointDType, source: string): void {
  const room = memoryLimit - memoryUse().inUse;
  const needs = (dtype: CheckpointDType) =>
    entries.reduce((sum, entry) => sum + sizeOf(entry.shape) * itemSize[dtypeFor(dtype, entry)], 0);
  if (needs(wanted) <= room) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const smaller = (["f32", "auto", "bf16"] as const).find((dtype) => needs(dtype) <= room);
  throw new OutOfMemoryError(source, `the weights as dtype "${wanted}" do not fit into the engine's memory`, {
    details: { needed: gib(needs(wanted)), free: gib(room), limit: gib(memoryLimit) },
    ...(smaller && { hint: `With dtype: "${smaller}" they take ${gib(needs(smaller))}.` }),
  });
}

/**
 * Reads the values of weights that lie in one file, in the order of the file and in chunks, of which none is kept.
 * `onRead` gets the end of each chunk.
 */
export async function fillWeights(
  access: RandomAccess,
  weights: readonly WeightInProgress[],
  onRead: (position: number) => void = () => {},
): Promise<void> {
  for (const pieces of chunksOf(weights)) {
    const [begin, end] = [pieces[0]!.begin, pieces.at(-1)!.end];
    const bytes = await access.read(begin, end);
    for (const piece of pieces) piece.weight.write(piece.begin, bytes.subarray(piece.begin - begin, piece.end - begin));
    onRead(end);
  }
}

/** Part of a weight, in bytes of the file. */
interface Piece {
  weight: WeightInProgress;
  begin: number;
  end: number;
}

/** Neighbours are read together, large weights in several pieces of whole elements. */
function* chunksOf(weights: readonly WeightInProgress[]): Generator<Piece[]> {
  let pieces: Piece[] = [];
  for (const weight of [...weights].sort((a, b) => a.entry.begin - b.entry.begin)) {
    const { entry } = weight;
    for (let begin = entry.begin; begin < entry.end; ) {
      const start = pieces[0]?.begin ?? begin;
      const isNeighbour = pieces.length === 0 || pieces.at(-1)!.end === begin;
      // Eight bytes are the widest element.
      const room = Math.floor((CHUNK - (begin - start)) / 8) * 8;
      if (!isNeighbour || room <= 0) {
        yield pieces;
        pieces = [];
        continue;
      }
      const end = Math.min(entry.end, begin + room);
      pieces.push({ weight, begin, end });
      begin = end;
    }
  }
  if (pieces.length > 0) yield pieces;
}
