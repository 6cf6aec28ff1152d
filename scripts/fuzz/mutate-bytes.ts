import type { Random } from "fader/autograd";
import { joined } from "./folder";

/** Changes bytes without a notion of what they mean. */
export function mutateBytes(bytes: Uint8Array, random: Random): { what: string; bytes: Uint8Array } {
  const at = random.integer(0, bytes.length + 1);
  const length = random.integer(1, random.pick([2, 9, 65, 1025]));
  const [before, range, after] = [bytes.slice(0, at), bytes.slice(at, at + length), bytes.slice(at + length)];
  const noise = Uint8Array.from({ length }, () => random.integer(0, 256));
  const other = random.integer(0, bytes.length + 1);
  const variants: Record<string, () => Uint8Array> = {
    flip: () => joined([before, range.map((byte) => byte ^ (1 << random.integer(0, 8))), after]),
    overwrite: () => joined([before, range.map((_, i) => noise[i]!), after]),
    fill: () => joined([before, range.fill(random.pick([0, 255, 0x7f, 0x20, 0x22])), after]),
    insert: () => joined([before, noise, range, after]),
    delete: () => joined([before, after]),
    truncate: () => before,
    duplicate: () => joined([before, range, range, after]),
    "swap blocks": () => joined([bytes.slice(at), before]),
    "move a block": () => {
      const rest = joined([before, after]);
      return joined([rest.slice(0, other), range, rest.slice(other)]);
    },
    append: () => joined([bytes, noise]),
    empty: () => new Uint8Array(0),
  };
  const what = random.pick(Object.keys(variants));
  return { what: `${what} at ${at}, ${length} bytes`, bytes: variants[what]!() };
}
