/** A number with `digits` decimals and a typographic minus; none before zero. `sign` also writes the plus; NaN is a dash. */
export function fixed(value: number, digits: number, sign = false): string {
  if (Number.isNaN(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : sign ? "+" : ""}${text}`;
}

/** A share as a percentage, rounded to `digits` decimals; NaN, the share of nothing, is a dash. */
export function percent(share: number, digits = 0): string {
  return Number.isNaN(share) ? "–" : `${(100 * share).toFixed(digits)}%`;
}

/** A probability as a percentage with one decimal; what is neither 0 nor 1 is not written as if it were. */
export function probability(p: number): string {
  if (p > 0 && p < 0.001) return "<0.1%";
  if (p < 1 && p > 0.999) return ">99.9%";
  return percent(p, 1);
}

/** `97.2% [95%, 99.1%]`: a value with its interval, each written by `show`; NaN is a dash. */
export function withInterval(
  { value, low, high }: { value: number; low: number; high: number },
  show: (value: number) => string,
): string {
  return Number.isNaN(value) ? "–" : `${show(value)} [${show(low)}, ${show(high)}]`;
}

/** Three significant digits, without an exponent for everyday sizes. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

/** A strength of intervention with its sign. */
export function beta(value: number): string {
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value)}`;
}

/** A count with thousands separators. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A large count in the usual short form, such as 124M. */
export function compact(value: number): string {
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** A running time in the two largest units that say something. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}
