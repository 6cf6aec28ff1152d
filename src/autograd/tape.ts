import { DtypeError, Tensor } from "../tensor";
import { isFloat, isHalf, namesIn, type Op, setRecorder } from "../tensor/internal";

/** The record of how a tensor was computed from differentiated ones. */
export interface Node {
  /** Its place on the tape. */
  readonly at: number;
  /** `undefined`: a leaf, made from `inputs.x` where that has a history itself. */
  readonly op: Op | undefined;
  readonly inputs: Record<string, Tensor>;
  readonly attrs: unknown;
  readonly out: Tensor;
  /** The last `backward` that needs it, and the gradient that has arrived in that run. */
  run: number;
  gradient: Tensor | undefined;
}

/** All that was recorded by the running differentiated functions, in the order of time. */
export const tape: Node[] = [];
/** Differentiated functions that are running, one inside the other. */
let depth = 0;
let paused = false;

setRecorder((op, inputs, attrs, out) => {
  if (depth === 0 || paused || !(isFloat(out.dtype) || isHalf(out.dtype))) return;
  for (const key of namesIn(op, op.slopes, inputs)) {
    if (inputs[key]!.node === undefined) continue;
    if (isHalf(out.dtype)) throw gradientLost(op.name, out.dtype);
    return addNode(op, inputs, attrs, out);
  }
});

/** Through integers and masks no gradient flows by nature; through 16-bit weights it would be lost unnoticed. */
function gradientLost(where: string, dtype: string): DtypeError {
  return new DtypeError(where, `x is being differentiated, and ${dtype} passes no gradient on`, {
    hint: `For its value as a constant: detach(x).cast("${dtype}").`,
  });
}

function addNode(op: Op | undefined, inputs: Record<string, Tensor>, attrs: unknown, out: Tensor): void {
  const node: Node = { at: tape.length, op, inputs, attrs, out, run: 0, gradient: undefined };
  out.node = node;
  tape.push(node);
}

/** Runs `body` as a differentiated function: ops on tensors with a node are recorded. */
export function recording<T>(body: () => T): T {
  const saved = paused;
  paused = false;
  depth++;
  try {
    return body();
  } finally {
    depth--;
    paused = saved;
    if (depth === 0) tape.length = 0;
  }
}

/** Number of differentiated functions that are running, one inside the other. */
export function recordingDepth(): number {
  return depth;
}

/** Runs `body` without recording: to the function being differentiated, its results are constants. */
export function noGrad<T>(body: () => T): T {
  const saved = paused;
  paused = true;
  try {
    return body();
  } finally {
    paused = saved;
  }
}

/** True inside `noGrad`, where results are to be constants. */
export function isPaused(): boolean {
  return paused;
}

/** The values of `x` as a constant: no gradient flows through. Shares memory. */
export function detach(x: Tensor): Tensor {
  return new Tensor(x.storage, x.layout);
}

/** A handle on the same values that gradients are taken with respect to. */
export function leaf(x: Tensor): Tensor {
  const handle = new Tensor(x.storage, x.layout);
  // A leaf made from a tensor with a history stays connected to it, so that derivatives nest.
  const inputs: Record<string, Tensor> = x.node === undefined ? {} : { x };
  addNode(undefined, inputs, undefined, handle);
  return handle;
}
