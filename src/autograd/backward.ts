import { add, type Tensor, zeros } from "../tensor";
import {
  addInto,
  addPending,
  freeUnused,
  type GradientContext,
  markReusable,
  namesIn,
  type Op,
  profiler,
  recycle,
  removePending,
  type Storage,
  sumTo,
} from "../tensor/internal";
import { detach, isPaused, leaf, type Node, noGrad, recording, recordingDepth, tape } from "./tape";

let runs = 0;

/**
 * Gradients of `Σ seed · output` with respect to `leaves`, which were made one after the other; zeros for a leaf that
 * the output does not depend on. Goes through the recorded ops from the newest to the oldest, and only through those on
 * a path to a leaf. `survivors` outlive the differentiated function; all else that it computed may be overwritten.
 */
export function backward(
  output: Tensor,
  seed: Tensor,
  leaves: readonly Tensor[],
  survivors: ReadonlySet<Storage> = new Set(),
): Tensor[] {
  // Gradients are recorded only when a function around this one is being differentiated too.
  if (recordingDepth() > 1) return new Recorded(leaves).run(output, seed);
  return noGrad(() => recycle(() => new InPlace(leaves, survivors).run(output, seed)));
}

/** One backward pass whose steps are recorded themselves: everything stays. */
class Recorded {
  protected readonly id = ++runs;

  constructor(private readonly leaves: readonly Tensor[]) {}

  run(output: Tensor, seed: Tensor): Tensor[] {
    const last = nodeOf(output);
    // A node of an earlier function, whose parameter was handed out, is on no tape any more.
    const end = last !== undefined && tape[last.at] === last ? last.at : -1;
    const first = this.markPaths(end);
    if (last?.run === this.id) this.give(last, seed);
    for (let at = end; at >= first; at--) {
      const node = tape[at]!;
      if (node.run === this.id && node.gradient !== undefined) this.visit(node, node.gradient);
    }
    return this.leaves.map((x) => nodeOf(x)!.gradient ?? zeros(x.shape, { dtype: x.dtype }));
  }

  /** Marks the leaves and what depends on them, up to the place `end`. Returns the place of the first that may. */
  private markPaths(end: number): number {
    let first = 0;
    for (const x of this.leaves) {
      const node = nodeOf(x)!;
      this.mark(node);
      first = node.at + 1;
    }
    for (let at = first; at <= end; at++) if (this.dependsOnLeaf(tape[at]!)) this.mark(tape[at]!);
    return first;
  }

  private mark(node: Node): void {
    node.run = this.id;
    node.gradient = undefined;
  }

  private dependsOnLeaf(node: Node): boolean {
    for (const key of slopesOf(node)) if (nodeOf(node.inputs[key])?.run === this.id) return true;
    return false;
  }

  /** Hands the gradient of a node on to its inputs. */
  protected visit(node: Node, g: Tensor): void {
    node.gradient = undefined;
    let context: Context | undefined;
    for (const key of slopesOf(node)) {
      const target = nodeOf(node.inputs[key]);
      if (target?.run !== this.id) continue;
      context ??= contextOf(node, g);
      context.key = key;
      this.give(target, inputGradient(node, context));
    }
  }

  protected give(node: Node, gradient: Tensor): void {
    node.gradient = node.gradient === undefined ? gradient : add(node.gradient, gradient);
  }
}

/** One backward pass that nobody differentiates: gradients add up in place, and memory serves again. */
class InPlace extends Recorded {
  constructor(
    leaves: readonly Tensor[],
    private readonly survivors: ReadonlySet<Storage>,
  ) {
    super(leaves);
  }

  protected override visit(node: Node, g: Tensor): void {
    if (node.op !== undefined && profiler.isOn) profiler.measure(`${node.op.name} ∂`, () => this.evaluate(node, g));
    else this.evaluate(node, g);
  }

  private evaluate(node: Node, g: Tensor): void {
    const { inputs, op, out } = node;
    const context = contextOf(node, g);
    const slopes = slopesOf(node);
    // All are computed before any is added: formulas of one op may share what they return.
    const results: (Tensor | undefined)[] = [];
    for (let i = 0; i < slopes.length; i++) {
      const key = slopes[i]!;
      const target = nodeOf(inputs[key]);
      let result: Tensor | undefined;
      if (target?.run === this.id) {
        context.key = key;
        const accumulate = op?.spec.accumulate?.[key];
        if (accumulate !== undefined) accumulate(context as never, this.ownSum(target));
        else {
          result = inputGradient(node, context);
          addPending(result.storage);
        }
      }
      results.push(result);
    }
    node.gradient = undefined;
    removePending(g.storage);
    for (let i = 0; i < slopes.length; i++) {
      if (results[i] !== undefined) this.addUp(nodeOf(inputs[slopes[i]!])!, results[i]!);
    }
    freeUnused();
    if (op !== undefined && !this.survivors.has(out.storage) && madeItsMemory(node, slopes)) markReusable(out.storage);
  }

  protected override give(node: Node, gradient: Tensor): void {
    addPending(gradient.storage);
    this.addUp(node, gradient);
  }

  /** Adds a gradient that counts as in use; in place where one of the two is ours alone. */
  private addUp(node: Node, gradient: Tensor): void {
    const sum = node.gradient;
    if (sum === undefined) node.gradient = gradient;
    else if (isOurs(sum)) {
      addInto(sum, gradient);
      removePending(gradient.storage);
    } else if (isOurs(gradient)) {
      addInto(gradient, sum);
      removePending(sum.storage);
      node.gradient = gradient;
    } else {
      node.gradient = add(sum, gradient);
      addPending(node.gradient.storage);
      removePending(sum.storage);
      removePending(gradient.storage);
    }
  }

  /** The gradient of a node so far, in memory of its own. */
  private ownSum(node: Node): Tensor {
    const sum = node.gradient;
    if (sum !== undefined && isOurs(sum)) return sum;
    const own = zeros(node.out.shape, { dtype: node.out.dtype });
    addPending(own.storage);
    if (sum !== undefined) {
      addInto(own, sum);
      removePending(sum.storage);
    }
    node.gradient = own;
    return own;
  }
}

/** True when only this gradient needs its memory, so that it may be changed. */
function isOurs({ storage, layout }: Tensor): boolean {
  return storage.isReusable && storage.pending === 1 && layout.isContiguous;
}

/** True when the op of a node made its output's memory, so that no older node can need it. */
function madeItsMemory({ op, inputs, out }: Node, names: readonly string[]): boolean {
  if (op!.spec.forward !== undefined) return true;
  for (const key of names) if (inputs[key]!.storage === out.storage) return false;
  return true;
}

type Context = GradientContext<string, unknown>;

const contexts = new WeakMap<Op, Context>();

/** The argument of a node's formulas. One object for each op, refilled: nobody needs it after the node. */
function contextOf({ op, inputs, attrs, out }: Node, g: Tensor): Context {
  let context = op && contexts.get(op);
  if (context === undefined) {
    context = { ...inputs, g, out, attrs, key: "", inputs } as unknown as Context;
    if (op !== undefined) contexts.set(op, context);
    return context;
  }
  const { inputs: names, spec } = op!;
  const filled: Record<string, Tensor> = context;
  if (!spec.variadic) for (let i = 0; i < names.length; i++) filled[names[i]!] = inputs[names[i]!]!;
  context.g = g;
  context.out = out;
  context.attrs = attrs;
  context.inputs = inputs;
  return context;
}

function nodeOf(x: Tensor | undefined): Node | undefined {
  return x?.node as Node | undefined;
}

const leafInputs = ["x"];

/** Names of the inputs of a node that gradients flow to. */
function slopesOf({ op, inputs }: Node): readonly string[] {
  return op === undefined ? leafInputs : namesIn(op, op.slopes, inputs);
}

function inputGradient({ op, inputs, attrs }: Node, context: Context): Tensor {
  const { key, g } = context;
  if (op === undefined) return g;
  const gradient = gradientOf(op, key);
  return gradient === undefined
    ? composedGradient(op, inputs, attrs, key, g)
    : sumTo(gradient(context as never)!, inputs[key]!.shape);
}

function gradientOf({ spec }: Op, key: string) {
  return spec.gradient?.[spec.variadic ? key.replace(/\d+$/, "") : key] ?? undefined;
}

/** A fused op: differentiates the same function in simpler ops. */
function composedGradient(op: Op, inputs: Record<string, Tensor>, attrs: unknown, key: string, g: Tensor): Tensor {
  const isConstant = isPaused();
  const start = tape.length;
  const gradient = recording(() => {
    const x = leaf(inputs[key]!);
    const out = op.spec.composed!({ ...inputs, [key]: x }, attrs);
    const run = () => new Recorded([x]).run(out, g)[0]!;
    return isConstant ? detach(noGrad(run)) : run();
  });
  if (isConstant) tape.length = start;
  return gradient;
}
