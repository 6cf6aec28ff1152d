// C = A·B (+ C) (+ bias): chooses between the few-rows, small and blocked forms.
import { cutTile, directTile, packedTile, TILE_BYTES, TILE_COLS, TILE_ROWS } from "./gemm-micro";
import { packPanel } from "./gemm-pack";
import { dotRows, streamRows } from "./gemm-rows";
import { clearRow } from "./rows";

// Block sizes: a B panel (DEPTH×8) stays in the first cache, the A block and B block in the second.
const BLOCK_DEPTH: i32 = 256;
const BLOCK_ROWS: i32 = 96;
const BLOCK_COLS: i32 = 512;

const FEW_ROWS: i32 = 4;
/** Up to this many multiply-adds, packing A costs more than it saves. */
const SMALL_WORK: i32 = 1 << 18;
/** Up to this many floats, B with unit column stride is read in place. */
const SMALL_B: i32 = 4096;
const SMALL_DEPTH: i32 = 512;

// @ts-ignore: decorator
@inline
function roundUp(x: i32, unit: i32): i32 {
  return ((x + unit - 1) / unit) * unit;
}

function isSmall(m: i32, n: i32, k: i32): bool {
  return k <= SMALL_DEPTH && <i64>m * <i64>n * <i64>k <= SMALL_WORK;
}

/** Bytes of scratch that gemm needs for these sizes, whatever the strides. */
export function gemmScratchBytes(m: i32, n: i32, k: i32): i32 {
  const depth = isSmall(m, n, k) ? k : min(k, BLOCK_DEPTH);
  const rows = roundUp(min(m, BLOCK_ROWS), TILE_ROWS);
  const cols = roundUp(isSmall(m, n, k) ? TILE_COLS : min(n, BLOCK_COLS), TILE_COLS);
  return TILE_BYTES + ((depth * (rows + cols)) << 2);
}

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

/** Whole depth at once, A read in place, B packed one panel at a time where it has to be. */
function small(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, add: bool, bias: usize, tile: usize,
): void {
  const panel = tile + TILE_BYTES;
  const cStep: usize = cRow << 2;
  const inPlace = bCol == 1 && n * k <= SMALL_B;
  for (let j = 0; j < n; j += TILE_COLS) {
    const cols = min(n - j, TILE_COLS);
    let from = b + ((j * bCol) << 2);
    let step: usize = bRow << 2;
    if (!inPlace || cols < TILE_COLS) {
      packPanel(from, bCol, bRow, cols, k, panel, TILE_COLS);
      from = panel;
      step = TILE_COLS << 2;
    }
    const shift: usize = bias ? bias + (j << 2) : 0;
    for (let i = 0; i < m; i += TILE_ROWS) {
      const rows = min(m - i, TILE_ROWS);
      const top = a + ((i * aRow) << 2);
      const to = c + <usize>i * cStep + (j << 2);
      if (rows == TILE_ROWS && cols == TILE_COLS) {
        directTile(k, top, rows, aRow << 2, aCol << 2, from, step, to, cStep, add, shift);
      } else {
        directTile(k, top, rows, aRow << 2, aCol << 2, from, step, tile, TILE_COLS << 2, false, 0);
        cutTile(tile, to, cStep, rows, cols, add, shift);
      }
    }
  }
}

/** One block: packed A (rows×depth) times packed B (depth×cols). */
function multiplyBlock(
  rows: i32, cols: i32, depth: i32, packedA: usize, packedB: usize,
  c: usize, cStep: usize, add: bool, bias: usize, tile: usize,
): void {
  for (let j = 0; j < cols; j += TILE_COLS) {
    const width = min(cols - j, TILE_COLS);
    const panelB = packedB + ((j * depth) << 2);
    const shift: usize = bias ? bias + (j << 2) : 0;
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const height = min(rows - i, TILE_ROWS);
      const panelA = packedA + ((i * depth) << 2);
      const to = c + <usize>i * cStep + (j << 2);
      if (height == TILE_ROWS && width == TILE_COLS) {
        packedTile(depth, panelA, panelB, to, cStep, add, shift);
      } else {
        packedTile(depth, panelA, panelB, tile, TILE_COLS << 2, false, 0);
        cutTile(tile, to, cStep, height, width, add, shift);
      }
    }
  }
}

function blocked(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, accumulate: bool, bias: usize, tile: usize,
): void {
  const packedA = tile + TILE_BYTES;
  const packedB = packedA + ((min(k, BLOCK_DEPTH) * roundUp(min(m, BLOCK_ROWS), TILE_ROWS)) << 2);
  const cStep: usize = cRow << 2;
  for (let j = 0; j < n; j += BLOCK_COLS) {
    const cols = min(n - j, BLOCK_COLS);
    for (let p = 0; p < k; p += BLOCK_DEPTH) {
      const depth = min(k - p, BLOCK_DEPTH);
      for (let q = 0; q < cols; q += TILE_COLS) {
        const from = b + ((p * bRow + (j + q) * bCol) << 2);
        const to = packedB + ((q * depth) << 2);
        packPanel(from, bCol, bRow, min(cols - q, TILE_COLS), depth, to, TILE_COLS);
      }
      const shift: usize = bias && p == 0 ? bias + (j << 2) : 0;
      for (let i = 0; i < m; i += BLOCK_ROWS) {
        const rows = min(m - i, BLOCK_ROWS);
        for (let q = 0; q < rows; q += TILE_ROWS) {
          const from = a + (((i + q) * aRow + p * aCol) << 2);
          const to = packedA + ((q * depth) << 2);
          packPanel(from, aRow, aCol, min(rows - q, TILE_ROWS), depth, to, TILE_ROWS);
        }
        const to = c + <usize>i * cStep + (j << 2);
        multiplyBlock(rows, cols, depth, packedA, packedB, to, cStep, accumulate || p > 0, shift, tile);
      }
    }
  }
}

/** Strides in elements; C has unit column stride; scratch holds gemmScratchBytes(m, n, k). */
export function gemm(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, accumulate: i32, bias: usize, scratch: usize,
): void {
  const add = accumulate != 0;
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    prepare(m, n, c, cRow, add, bias);
  } else if (m <= FEW_ROWS && bCol == 1) {
    prepare(m, n, c, cRow, add, bias);
    streamRows(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
  } else if (m <= FEW_ROWS && bRow == 1) {
    prepare(m, n, c, cRow, add, bias);
    dotRows(m, n, k, a, aRow, aCol, b, bCol, c, cRow);
  } else if (isSmall(m, n, k)) {
    small(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, add, bias, scratch);
  } else {
    blocked(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, add, bias, scratch);
  }
}
