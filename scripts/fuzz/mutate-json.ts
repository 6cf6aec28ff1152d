import type { Random } from "fader/autograd";
import { printPairs } from "./folder";

/** Values that a field of the wrong kind may hold. */
const hostile: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  3,
  0.5,
  -0.5,
  1e-320,
  1e300,
  2 ** 20,
  2 ** 30,
  2 ** 31,
  2 ** 32 - 1,
  1e9,
  2 ** 53,
  2 ** 53 - 2,
  "",
  "0",
  "2",
  "NaN",
  "Infinity",
  "undefined",
  "__proto__",
  "constructor",
  "x".repeat(5000),
  "\ud800",
  "line\nbreak",
  [],
  [1],
  [[]],
  [null],
  ["a", "b"],
  {},
  { a: 1 },
  { content: 3 },
  { type: "Sequence" },
];
const hostileKeys = ["__proto__", "constructor", "toString", "", "length", "hasOwnProperty", "__metadata__", "x\u0000"];

type Container = Record<string, unknown> | unknown[];
type Place = readonly [container: Container, key: string];

/** Changes one or two random places of a JSON value. Says what it did. */
export function mutateJson(json: unknown, random: Random): { what: string; text: string } {
  const root = { root: structuredClone(json) };
  const steps = Array.from({ length: random.pick([1, 1, 1, 2]) }, () => mutatePlace(root, random));
  return { what: steps.join("; "), text: JSON.stringify(root.root) ?? "" };
}

function mutatePlace(root: Container, random: Random): string {
  const places = placesOf(root);
  const [container, key] = random.pick(places.length > 1 ? places.slice(1) : places);
  const old = (container as Record<string, unknown>)[key];
  const put = (value: unknown) => {
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  };
  const actions: Record<string, () => void> = {
    replace: () => put(structuredClone(random.pick(hostile))),
    remove: () => (Array.isArray(container) ? container.splice(Number(key), 1) : delete container[key]),
    rename: () => {
      if (Array.isArray(container)) return;
      delete container[key];
      define(container, random.pick(hostileKeys), old);
    },
    add: () => {
      const into = typeof old === "object" && old !== null ? old : (container as object);
      define(into, Array.isArray(into) ? String(into.length) : random.pick(hostileKeys), random.pick(hostile));
    },
    wrap: () => put(random.pick([() => [old], () => ({ [key]: old }), () => [old, old]])()),
    swap: () => {
      const [other, otherKey] = random.pick(places);
      const value = structuredClone((other as Record<string, unknown>)[otherKey]);
      // The root holds everything: it would nest in itself.
      put(other === root ? 7 : value);
    },
    number: () =>
      put(typeof old === "number" ? random.pick([old + 1, old - 1, old * 2, -old, old / 2, old * 1e6]) : old),
    text: () => put(typeof old === "string" ? scramble(old, random) : old),
  };
  const action = random.pick(Object.keys(actions));
  actions[action]!();
  return `${action} ${key.slice(0, 30)}`;
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function scramble(text: string, random: Random): string {
  const at = random.integer(0, text.length + 1);
  const piece = random.pick([
    "",
    "(",
    ")",
    "[",
    "]",
    "*",
    "+",
    "\\",
    "{",
    "}",
    "|",
    "?",
    "a",
    " ",
    "🙂",
    "\u0000",
    "\\p{",
  ]);
  return text.slice(0, at) + piece + text.slice(at + random.integer(0, 3));
}

function placesOf(container: Container, found: Place[] = []): Place[] {
  for (const key of Object.keys(container)) {
    found.push([container, key]);
    const value = (container as Record<string, unknown>)[key];
    if (typeof value === "object" && value !== null && found.length < 3000) placesOf(value as Container, found);
  }
  return found;
}

/** Text that no JSON value has: other syntax, nesting, doubled keys, numbers that overflow. */
export function mutateText(text: string, random: Random): { what: string; text: string } {
  const depth = random.pick([50, 5000, 200_000]);
  const variants: Record<string, () => string> = {
    "a comma too many": () => text.replace(/([}\]])(?=[^}\]]*$)/, ",$1"),
    "cut off": () => text.slice(0, random.integer(0, text.length)),
    "NaN as a number": () => text.replace(/:\s*\d+/, ":NaN"),
    "a number that overflows": () => text.replace(/(:\s*)\d+/, "$11e999"),
    "minus zero": () => text.replace(/(:\s*)\d+/, "$1-0"),
    "nested lists": () =>
      text.replace(/:\s*(\d+|"[^"]*"|true|false|null)/, `:${"[".repeat(depth)}${"]".repeat(depth)}`),
    "nested objects": () =>
      text.replace(/:\s*(\d+|"[^"]*"|true|false|null)/, `:${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
    "nothing but nesting": () => "[".repeat(depth) + "]".repeat(depth),
    "another value": () => random.pick(["null", "true", "0", '""', "[]", "{}", '"x"', "", " ", "[null]"]),
    "a key twice": () => doubled(text, random),
    "single quotes": () => text.replaceAll('"', "'"),
    "a comment": () => text.replace("{", "{/* */"),
  };
  const what = random.pick(Object.keys(variants));
  return { what, text: variants[what]!() };
}

function doubled(text: string, random: Random): string {
  const json = JSON.parse(text) as object;
  const pairs = Object.entries(json);
  if (pairs.length === 0) return text;
  const [key, value] = random.pick(pairs);
  return printPairs([...pairs, [key, random.pick([value, random.pick(hostile)])]]);
}
