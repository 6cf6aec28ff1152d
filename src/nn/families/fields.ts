import type { ErrorParts } from "../../tensor";
import { nearest } from "../../tensor/internal";
import type { Activation } from "../config";
import { CheckpointError } from "../errors";

/** Every `hidden_act` name with the same formula as one of ours. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu_new: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_accurate: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  gelu: "gelu",
  gelu_python: "gelu",
  relu: "relu",
  silu: "silu",
  swish: "silu",
};

type Names = readonly [string, ...string[]];

/** Typed access to the fields of a `config.json`. Of several names for one field the first that is there counts. */
export class Fields {
  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    readonly file: string,
  ) {}

  error(problem: string, parts?: ErrorParts): CheckpointError {
    return new CheckpointError(this.file, problem, parts);
  }

  /** Omitted and `null` mean the same in a Hugging Face configuration. */
  isAbsent(name: string): boolean {
    return !Object.hasOwn(this.json, name) || this.json[name] === null || this.json[name] === undefined;
  }

  /** One of `known`, else an error with the nearest. */
  oneOf<T extends string>(name: string, known: readonly T[]): T {
    const hint = `Supported: ${known.join(", ")}.`;
    if (this.isAbsent(name)) throw this.error(`${name} is missing`, { hint });
    const value = this.json[name];
    if (known.includes(value as T)) return value as T;
    const shown = this.show(value);
    throw this.error(`${name} ${shown} is not supported`, { hint: `${hint} Nearest: "${nearest(shown, known)}".` });
  }

  size(...names: Names): number {
    const name = names.find((candidate) => !this.isAbsent(candidate));
    if (name === undefined) throw this.error(`${names[0]} is missing`);
    const value = this.json[name];
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw this.error(`${name} is ${this.show(value)}, not a positive integer`);
  }

  /** Throws unless the second divides the first. */
  quotient([a, whole]: readonly [string, number], [b, parts]: readonly [string, number]): number {
    if (whole % parts === 0) return whole / parts;
    throw this.error(`${a} is not divisible by ${b}`, { details: { [a]: whole, [b]: parts } });
  }

  /** A finite number above 0 (or 0 itself, with `orZero`). Without a fallback the field must be there. */
  positive(names: Names, fallback?: number, orZero = false): number {
    const name = names.find((candidate) => !this.isAbsent(candidate));
    if (name === undefined) {
      if (fallback !== undefined) return fallback;
      throw this.error(`${names[0]} is missing`);
    }
    const value = this.json[name];
    const isFine = typeof value === "number" && Number.isFinite(value) && (value > 0 || (orZero && value === 0));
    if (isFine) return value;
    throw this.error(`${name} is ${this.show(value)}, not a positive number`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "boolean") return value;
    throw this.error(`${name} is ${this.show(value)}, not true or false`);
  }

  object(name: string): Fields | undefined {
    if (this.isAbsent(name)) return undefined;
    const value = this.json[name];
    if (typeof value === "object" && !Array.isArray(value)) {
      return new Fields(value as Record<string, unknown>, `${this.file}: ${name}`);
    }
    throw this.error(`${name} is ${this.show(value)}, not an object`);
  }

  /** Refuses a switch whose other position would need code that is not there. */
  only(name: string, supported: boolean): void {
    if (this.flag(name, supported) === supported) return;
    throw this.error(`${name}: ${!supported} is not supported`, { hint: `Supported: ${name}: ${supported}.` });
  }

  /** Refuses an object that says that the weights are not stored as this family's plain matrices. */
  empty(name: string): void {
    if (this.isAbsent(name)) return;
    const value = this.json[name];
    if (typeof value === "object" && Object.keys(value as object).length === 0) return;
    throw this.error(`${name} is not supported`, { hint: `Supported: no ${name}, the weights as trained.` });
  }

  activation(name: string, fallback: Activation): Activation {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "string" && Object.hasOwn(ACTIVATIONS, value)) return ACTIVATIONS[value] as Activation;
    const hint = `Supported: ${Object.keys(ACTIVATIONS).join(", ")}.`;
    throw this.error(`${name} ${this.show(value)} is not supported`, { hint });
  }

  epsilon(name: string, fallback: number): number {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    throw this.error(`${name} is ${this.show(value)}, not a finite number that is not negative`);
  }

  tokenId(name: string): number | undefined {
    if (this.isAbsent(name)) return undefined;
    const value = this.json[name];
    if (isTokenId(value)) return value;
    throw this.error(`${name} is ${this.show(value)}, not a token id`);
  }

  /** One token id or several. */
  tokenIds(name: string): readonly number[] {
    const value = this.isAbsent(name) ? [] : this.json[name];
    const ids = Array.isArray(value) ? value : [value];
    if (ids.every(isTokenId)) return ids;
    throw this.error(`${name} is ${this.show(value)}, not a token id`);
  }

  show(value: unknown): string {
    if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
    return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
  }
}

function isTokenId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
