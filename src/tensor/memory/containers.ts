import { isTensor, type Tensor } from "../tensor";

/**
 * Replaces every tensor in a value: the value itself, or tensors in arrays and plain objects. Instances of classes are
 * left as they are. Gives back `value` itself where nothing was replaced.
 */
export function mapTensors<T>(value: T, replace: (x: Tensor) => Tensor): T {
  const seen = new Set<unknown>();
  const visit = (part: unknown): unknown => {
    if (isTensor(part)) return replace(part);
    if (!isContainer(part) || seen.has(part)) return part;
    seen.add(part);
    const entries = Object.entries(part).map(([key, inner]) => [key, inner, visit(inner)] as const);
    if (entries.every(([, before, after]) => before === after)) return part;
    if (Array.isArray(part)) return entries.map(([, , after]) => after);
    return Object.fromEntries(entries.map(([key, , after]) => [key, after]));
  };
  return visit(value) as T;
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  if (Array.isArray(value)) return true;
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
