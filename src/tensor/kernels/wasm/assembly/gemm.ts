// C = A·B (+ C) (+ bias), B stored as float32 or in 16 bits. Every element of C is summed in the same order however C
// is cut into parts.
import { shiftOf, Stored } from "./elements";
import { packPanel, packPanels, packWide } from "./gemm-pack";
import { dotRows, streamRows } from "./gemm-rows";
import { cutTile, TILE_BYTES, TILE_COLS, TILE_ROWS, wideTile } from "./gemm-tile";
import { clearRow } from "./rows";

// Block sizes: the A panel and one B panel stay in the first cache, the B block in the second.
const BLOCK_DEPTH: i32 = 192;
const BLOCK_COLS: i32 = 512;
/** Up to this many rows B is read in place, which `gemm-rows.ts` counts to. */
const FEW_ROWS: i32 = 5;
/** Up to this many floats, B with unit column stride stays in the first cache and is read in place. */
const IN_PLACE_FLOATS: i32 = 4096;

const PANEL_BYTES: i32 = BLOCK_DEPTH * TILE_COLS * 4;
const WIDE_BYTES: i32 = BLOCK_DEPTH * TILE_ROWS * 16;
const COLS_BYTES: i32 = BLOCK_DEPTH * BLOCK_COLS * 4;

/** Bytes of scratch of one thread, whatever the sizes. */
export const GEMM_SCRATCH: i32 = TILE_BYTES + WIDE_BYTES + COLS_BYTES + PANEL_BYTES;

/** Starting values of C: itself or 0, plus the bias. */
function prepare(m: i32, n: i32, c: usize, cRow: i32, accumulate: bool, bias: usize): void {
  for (let i = 0; i < m; i++) {
    if (!accumulate && bias) memory.copy(c, bias, n << 2);
    else if (!accumulate) clearRow(c, n);
    else if (bias) {
      for (let j = 0; j < n; j++) {
        const at: usize = j << 2;
        store<f32>(c + at, load<f32>(c + at) + load<f32>(bias + at));
      }
    }
    c += cRow << 2;
  }
}

/** One block of columns (at most BLOCK_COLS) over one block of the depth. */
function multiplyBlock(
  stored: i32, m: i32, n: i32, depth: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cStep: usize, add: bool, bias: usize, inPlace: bool, scratch: usize,
): void {
  const wide = scratch + TILE_BYTES;
  const packed = wide + WIDE_BYTES;
  const whole = n & ~(TILE_COLS - 1);
  const last = packed + ((whole * depth) << 2);
  if (!inPlace) packPanels(stored, b, bCol, bRow, whole, depth, packed);
  if (whole < n) packPanel(stored, b + ((whole * bCol) << shiftOf(stored)), bCol, bRow, n - whole, depth, last);
  const from = inPlace ? b : packed;
  const panelStep: usize = inPlace ? TILE_COLS << 2 : (TILE_COLS * depth) << 2;
  const bStep: usize = inPlace ? bRow << 2 : TILE_COLS << 2;
  for (let i = 0; i < m; i += TILE_ROWS) {
    const rows = min(m - i, TILE_ROWS);
    packWide(a + ((i * aRow) << 2), aRow, aCol, rows, depth, wide);
    let to = c + <usize>i * cStep;
    let panel = from;
    let shift = bias;
    for (let j = 0; j < whole; j += TILE_COLS) {
      wideTile(rows, depth, wide, panel, bStep, to, cStep, add, shift);
      panel += panelStep;
      to += TILE_COLS << 2;
      if (bias) shift += TILE_COLS << 2;
    }
    if (whole < n) {
      cutTile(rows, n - whole, depth, wide, last, to, cStep, add, shift, scratch);
    }
  }
}

/** Equal parts of at most `most`, in whole units. */
function partSize(total: i32, most: i32, unit: i32): i32 {
  const parts = (total + most - 1) / most;
  const size = (total + parts - 1) / parts;
  return ((size + unit - 1) / unit) * unit;
}

/** All float32. Strides in elements; C has unit column stride; `scratch` holds GEMM_SCRATCH bytes. */
export function gemm(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, accumulate: bool, bias: usize, scratch: usize,
): void {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) return prepare(m, n, c, cRow, accumulate, bias);
  multiply(Stored.F32, m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, accumulate, bias, scratch, m <= FEW_ROWS);
}

/**
 * Part of a product with B `stored` as the number says; `few` says whether the whole of it has few rows, so that parts
 * are computed alike.
 */
function multiply(
  stored: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, accumulate: bool, bias: usize, scratch: usize, few: bool,
): void {
  if (few && bCol == 1) {
    prepare(m, n, c, cRow, accumulate, bias);
    return streamRows(stored, m, n, k, a, aRow, aCol, b, bRow, c, cRow);
  }
  if (few && bRow == 1 && aCol == 1) {
    prepare(m, n, c, cRow, accumulate, bias);
    return dotRows(stored, m, n, k, a, aRow, b, bCol, c, cRow);
  }
  const shift = shiftOf(stored);
  const inPlace = stored == Stored.F32 && bCol == 1 && n * k <= IN_PLACE_FLOATS;
  const depth = partSize(k, BLOCK_DEPTH, 4);
  const width = partSize(n, BLOCK_COLS, TILE_COLS);
  for (let j = 0; j < n; j += width) {
    const cols = min(n - j, width);
    for (let p = 0; p < k; p += depth) {
      const fromA = a + ((p * aCol) << 2);
      const fromB = b + ((p * bRow + j * bCol) << shift);
      const start: usize = bias && p == 0 ? bias + (j << 2) : 0;
      const add = accumulate || p > 0;
      multiplyBlock(
        stored, m, cols, min(k - p, depth), fromA, aRow, aCol, fromB, bRow, bCol,
        c + (j << 2), cRow << 2, add, start, inPlace, scratch,
      );
    }
  }
}

/**
 * C [batch, m, n] = A [batch, m, k] · B [batch, k, n] + bias in parts of height × width: sizes, addresses and strides
 * (in elements), as the caller writes them.
 */
@unmanaged
export class Product {
  m: i32;
  n: i32;
  k: i32;
  height: i32;
  width: i32;
  a: usize;
  aRow: i32;
  aCol: i32;
  aBatch: i32;
  b: usize;
  bRow: i32;
  bCol: i32;
  bBatch: i32;
  c: usize;
  /** 0: none. */
  bias: usize;
  /** GEMM_SCRATCH bytes for each thread. */
  scratch: usize;
}

/** Parts [from, to) of the grid over C, numbered row by row through the matrices of the batch. */
export function gemmParts(stored: i32, p: Product, from: i32, to: i32, thread: i32): void {
  const m = p.m;
  const n = p.n;
  const across = (n + p.width - 1) / p.width;
  const parts = ((m + p.height - 1) / p.height) * across;
  const scratch = p.scratch + <usize>thread * <usize>GEMM_SCRATCH;
  for (let part = from; part < to; part++) {
    const matrix = part / parts;
    const i = ((part % parts) / across) * p.height;
    const j = (part % across) * p.width;
    const a = p.a + ((matrix * p.aBatch + i * p.aRow) << 2);
    const b = p.b + ((matrix * p.bBatch + j * p.bCol) << shiftOf(stored));
    const c = p.c + (((matrix * m + i) * n + j) << 2);
    const bias: usize = p.bias ? p.bias + (j << 2) : 0;
    const rows = min(m - i, p.height);
    const cols = min(n - j, p.width);
    if (p.k <= 0) prepare(rows, cols, c, n, false, bias);
    else {
      const few = m <= FEW_ROWS;
      multiply(stored, rows, cols, p.k, a, p.aRow, p.aCol, b, p.bRow, p.bCol, c, n, false, bias, scratch, few);
    }
  }
}
