import { zeros } from "../tensor/create";
import { isFloat } from "../tensor/dtype";
import { type Op, setRecorder } from "../tensor/op";
import { add, sumTo } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";

/** How a tensor was computed from differentiated ones. Ids grow with time, so that they order the tape. */
interface Node {
  id: number;
  op: Op | undefined;
  inputs: Record<string, Tensor>;
  attrs: unknown;
  out: Tensor;
}

let nextId = 0;
/** Differentiated functions that are running, one inside the other. */
let depth = 0;
let paused = false;

setRecorder((op, inputs, attrs, out) => {
  // Through integers and masks no gradient flows.
  if (depth === 0 || paused || !isFloat(out.dtype)) return;
  for (const key in inputs) {
    if (inputs[key]!.node !== undefined && op.spec.gradient?.[key] !== null) {
      out.node = { id: nextId++, op, inputs, attrs, out } satisfies Node;
      return;
    }
  }
});

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
  }
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

/** The same values, as a constant. */
export function detach(x: Tensor): Tensor {
  return new Tensor(x.storage, x.layout);
}

/** A handle on the same values that gradients are taken with respect to. */
export function leaf(x: Tensor): Tensor {
  const handle = new Tensor(x.storage, x.layout);
  // A leaf made from a tensor with a history stays connected to it, so that derivatives nest.
  const inputs: Record<string, Tensor> = x.node === undefined ? {} : { x };
  handle.node = { id: nextId++, op: undefined, inputs, attrs: undefined, out: handle } satisfies Node;
  return handle;
}

/**
 * Gradients of `Σ seed · output` with respect to `leaves`; zeros for a leaf that the output does not depend on.
 * Goes through the recorded ops from the newest to the oldest, and only through those on a path to a leaf.
 */
export function backward(output: Tensor, seed: Tensor, leaves: readonly Tensor[]): Tensor[] {
  const run = () => {
    const gradients = new Map<Tensor, Tensor>([[output, seed]]);
    const path = pathTo(output, leaves);
    for (const node of path) {
      const g = gradients.get(node.out);
      if (g === undefined || leaves.includes(node.out)) continue;
      gradients.delete(node.out);
      const wanted = Object.keys(node.inputs).filter((key) => path.has(node.inputs[key]!.node as Node));
      for (const key of wanted) {
        const input = node.inputs[key]!;
        const gradient = node.op === undefined ? g : inputGradient(node, node.op, key, g);
        if (gradient === undefined) continue;
        const sum = gradients.get(input);
        gradients.set(input, sum === undefined ? gradient : add(sum, gradient));
      }
    }
    return leaves.map((x) => gradients.get(x) ?? zeros(x.shape, { dtype: x.dtype }));
  };
  // Gradients are recorded only when a function around this one is being differentiated too.
  return depth > 1 ? run() : noGrad(run);
}

/** The nodes between `output` and `leaves`, newest first. Iterative: a long history must not overflow the stack. */
function pathTo(output: Tensor, leaves: readonly Tensor[]): Set<Node> {
  const targets = new Set(leaves.map((x) => x.node as Node));
  // What is older than every leaf cannot depend on one.
  const oldest = Math.min(...[...targets].map((node) => node.id));
  const found = new Set<Node>();
  const waiting: (Node | undefined)[] = [output.node as Node | undefined];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (node === undefined || node.id < oldest || found.has(node)) continue;
    found.add(node);
    for (const key in node.inputs) waiting.push(node.inputs[key]!.node as Node | undefined);
  }
  const leading = new Set<Node>();
  for (const node of [...found].sort((a, b) => a.id - b.id)) {
    const leads = targets.has(node) || Object.values(node.inputs).some((x) => leading.has(x.node as Node));
    if (leads) leading.add(node);
  }
  return new Set([...leading].reverse());
}

function inputGradient(node: Node, op: Op, key: string, g: Tensor): Tensor | undefined {
  const { inputs, attrs, out } = node;
  const { spec } = op;
  const input = inputs[key]!;
  if (spec.gradient === undefined) {
    // A fused op: differentiate the same function in simpler ops.
    return recording(() => {
      const x = leaf(input);
      return backward(spec.composed!({ ...inputs, [key]: x }, attrs), g, [x])[0];
    });
  }
  const gradient = spec.gradient[spec.variadic ? key.replace(/\d+$/, "") : key];
  if (!gradient) return undefined;
  const result = gradient({ ...inputs, g, out, attrs, key, inputs } as never);
  return sumTo(result, input.shape);
}
