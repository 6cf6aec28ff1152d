import { ArgumentError, isTensor, type Tensor } from "../tensor";

/** A tensor, or tensors in (nested) arrays and plain objects: what gradients are taken with respect to. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** Tensors of a tree in a fixed order. */
export function leavesOf(tree: Tree): Tensor[] {
  if (isTensor(tree)) return [tree];
  checkBranch(tree, "");
  return Object.values(tree).flatMap((part) => leavesOf(part as Tree));
}

/** A tree of the same form with every tensor replaced. */
export function mapTree<T extends Tree>(tree: T, replace: (x: Tensor, path: string) => Tensor, path = ""): T {
  if (isTensor(tree)) return replace(tree, path) as unknown as T;
  checkBranch(tree, path);
  const at = (key: string | number) => (path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((part, i) => mapTree(part, replace, at(i))) as unknown as T;
  return Object.fromEntries(
    Object.entries(tree).map(([key, part]) => [key, mapTree(part as Tree, replace, at(key))]),
  ) as T;
}

function checkBranch(value: unknown, path: string): void {
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (Array.isArray(value) || isPlain) return;
  throw new ArgumentError(
    "parameters",
    `${path || "the argument"} is not a tensor but ${value === null ? "null" : typeof value}`,
    {
      hint: "Parameters are tensors, in arrays or objects. Pass other values as later arguments.",
    },
  );
}
