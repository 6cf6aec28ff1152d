import { tuning } from "./launch";
import { threadCount } from "./threads";

const largeProduct = 10_000_000;
const tileRows = 6;
const tileColumns = 8;
/** Parts of this size keep the packed operands in the cache. */
const mostRows = 504;
const mostColumns = 512;
/** Shorter parts would read B from memory more often, narrower ones pack more than they multiply. */
const fewestRows = 144;
const fewestColumns = 64;

/** Products of so few rows read B in place, from memory: the longer the pieces of its rows, the better. */
const fewRows = 5;
const longestRow = 4096;

const divideUp = (a: number, b: number) => Math.floor((a + b - 1) / b);
const roundUp = (a: number, unit: number) => divideUp(a, unit) * unit;

/** Cuts a product into parts that threads compute apart. Returns their size, how many, and how many at a time. */
export function partition(batch: number, m: number, n: number, k: number) {
  const threads = threadCount();
  if (m === 0 || n === 0 || batch === 0) return { height: 1, width: 1, parts: 0, size: 1 };
  let height = m;
  let width = n;
  const isShared = threads > 1 && batch * m * n * k >= tuning.smallProduct;
  if (isShared) {
    height = evenly(m, mostRows, tileRows);
    width =
      m <= fewRows
        ? evenly(n, Math.min(longestRow, divideUp(n, 2 * threads)), tileColumns)
        : evenly(n, mostColumns, tileColumns);
    // A large product can afford more parts, which share out more evenly.
    const wanted = (batch * m * n * k > largeProduct ? 4 : 2) * threads;
    const count = () => batch * divideUp(m, height) * divideUp(n, width);
    // Halves a side until every thread has some parts to choose from: the one where packing an operand once more for
    // each part costs less, which for A is almost twice that for B.
    while (count() < wanted) {
      if (width > fewestColumns && (width > 1.8 * height || height <= fewestRows)) {
        width = roundUp(divideUp(width, 2), tileColumns);
      } else if (height > fewestRows) height = roundUp(divideUp(height, 2), tileRows);
      else break;
    }
  }
  const parts = batch * divideUp(m, height) * divideUp(n, width);
  return { height, width, parts, size: isShared ? divideUp(parts, 16 * threads) : parts };
}

/** Equal parts of at most `most`, in whole units. */
function evenly(total: number, most: number, unit: number): number {
  return roundUp(divideUp(total, divideUp(total, most)), unit);
}
