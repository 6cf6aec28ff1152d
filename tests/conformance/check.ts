/** Assertions that need no test runner: the suite runs in pages as well. */

/** Throws unless both are the same numbers, or lists of the same; NaN is NaN, and -0 is not 0. */
export function same(got: unknown, want: unknown, where = "value"): void {
  if (Array.isArray(got) && Array.isArray(want)) {
    if (got.length !== want.length) throw new Error(`${where}: got ${got.length} elements, want ${want.length}`);
    for (let i = 0; i < want.length; i++) {
      if (!Object.is(got[i], want[i])) same(got[i], want[i], `${where}[${i}]`);
    }
  } else if (!Object.is(got, want)) throw new Error(`${where}: got ${got}, want ${want}`);
}

export function isTrue(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
