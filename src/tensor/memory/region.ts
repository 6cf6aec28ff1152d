import { allocate, roundUp } from "./memory";

/** The region: blocks, filled from the first to the last and kept, so that a repeated step takes no new ones. */
const blocks: { ptr: number; bytes: number }[] = [];
const smallestBlock = 2 ** 20;
let currentBlock = 0;
let usedInBlock = 0;
/** Pieces in the filled part that are free again, by size; the one freed last, still in the cache, is taken first. */
const spare = new Map<number, number[]>();

/** Takes `bytes`: a spare piece of that size, or the next piece of the region. */
export function takeFromRegion(bytes: number): number {
  const size = roundUp(bytes);
  if (spare.size > 0) {
    const ptr = spare.get(size)?.pop();
    if (ptr !== undefined) return ptr;
  }
  while (currentBlock < blocks.length && usedInBlock + size > blocks[currentBlock]!.bytes) {
    currentBlock++;
    usedInBlock = 0;
  }
  if (currentBlock === blocks.length) addBlock(size);
  const ptr = blocks[currentBlock]!.ptr + usedInBlock;
  usedInBlock += size;
  return ptr;
}

function addBlock(size: number): void {
  const reserved = blocks.reduce((sum, block) => sum + block.bytes, 0);
  // Doubling keeps the number of blocks small, the cap keeps the unused part small.
  const bytes = Math.max(size, smallestBlock, Math.min(reserved, 2 ** 26));
  blocks.push({ ptr: allocate(bytes), bytes });
  usedInBlock = 0;
}

/** Lets later pieces of the same size have this one. */
export function addSpare(ptr: number, bytes: number): void {
  const size = roundUp(bytes);
  const pieces = spare.get(size);
  if (pieces === undefined) spare.set(size, [ptr]);
  else pieces.push(ptr);
}

/** Forgets all spare pieces: they stay unused until the step ends that they lie in. */
export function clearSpares(): void {
  spare.clear();
}

/** A fill of the region. */
export interface Mark {
  readonly block: number;
  readonly used: number;
}

/** The present fill, to go back to with `resetRegion`. */
export function regionMark(): Mark {
  return { block: currentBlock, used: usedInBlock };
}

/** Gives back all that was taken since the mark. */
export function resetRegion({ block, used }: Mark): void {
  currentBlock = block;
  usedInBlock = used;
}
