import { ArgumentError, concat, embedding, type Tensor, tensor, zeros } from "../../autograd";
import { place } from "../../tensor/internal";
import { neverFires } from "./resolve";

/** What the interventions of one forward pass need to know about its batch: rows of equal length, padded in front. */
export interface Batch {
  /** Tokens of each prompt that positions count over (generated tokens come after them). */
  promptLengths: readonly number[];
  /** Columns of padding in front of each row. */
  padding: readonly number[];
  /** The columns that this pass computes: those before `first` are cached. */
  first: number;
  length: number;
  /** How many tokens a row can come to have: positions from here on will never be computed. */
  maxLength: number;
  /** β for all prompts or for each. */
  beta: number | readonly number[];
  dtype: "f32" | "f64";
}

/** The columns of a pass that an edit changes in each row of a batch. */
export class PositionMask {
  /** `[rows, length]`: which entry of the position axis applies, or the one after the last for none. */
  private readonly index: Int32Array;
  private readonly isPrefix: boolean;
  /** No column of this pass is left out. */
  readonly isEverywhere: boolean;
  /** None is covered: the edit belongs to columns before or behind this pass. */
  readonly isNowhere: boolean;

  constructor(
    key: string,
    private readonly positions: readonly number[],
    private readonly batch: Batch,
  ) {
    const { promptLengths, padding, first, length, maxLength } = batch;
    const longest = Math.max(...promptLengths);
    this.index = new Int32Array(promptLengths.length * length).fill(positions.length);
    positions.forEach((position, entry) => {
      if (position >= maxLength || position < -longest) {
        const has = `the longest prompt has ${longest} tokens`;
        throw neverFires("interventions", key, `position ${position} is outside every prompt (${has})`);
      }
      promptLengths.forEach((promptLength, row) => {
        const at = position < 0 ? promptLength + position : position;
        const column = padding[row]! + at - first;
        if (at < 0 || column < 0 || column >= length) return;
        if (this.index[row * length + column] !== positions.length) {
          throw new ArgumentError("interventions", `"${key}" names position ${at} twice`, {
            hint: "Name each position once, from the start or from the end.",
          });
        }
        this.index[row * length + column] = entry;
      });
    });
    const covered = this.index.filter((entry) => entry < positions.length).length;
    this.isEverywhere = covered === this.index.length;
    this.isNowhere = covered === 0;
    // One row for all prompts, as it lies in the parameter.
    this.isPrefix =
      first === 0 &&
      positions.length <= length &&
      padding.every((columns) => columns === 0) &&
      positions.every((position, i) => position === i);
  }

  /** A parameter `[entries, …]` laid out over `[1 or prompts, length, …]`; the values where it does not apply are 0. */
  spread(value: Tensor): Tensor {
    const { length, promptLengths, dtype } = this.batch;
    const feature = value.shape.slice(1);
    const ranges = [[0, 1] as const, [0, this.positions.length] as const];
    if (this.isPrefix) return place(value.unsqueeze(0), { shape: [1, length, ...feature], ranges });
    const size = feature.reduce((a, b) => a * b, 1);
    const rows = concat([value.reshape([this.positions.length, size]), zeros([1, size], { dtype })], 0);
    const index = tensor(this.index, { dtype: "i32", shape: [promptLengths.length, length] });
    return embedding(rows, index).reshape([promptLengths.length, length, ...feature]);
  }

  /** `[prompts, length, 1, …]`, true where the edit applies. */
  mask(rank: number): Tensor {
    const { length, promptLengths } = this.batch;
    const shape = [promptLengths.length, length, ...new Array(rank - 2).fill(1)];
    const covered = Array.from(this.index, (entry) => (entry < this.positions.length ? 1 : 0));
    return tensor(covered, { dtype: "bool", shape });
  }
}
