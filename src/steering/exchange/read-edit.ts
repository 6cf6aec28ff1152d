import { type Tensor, tensor } from "../../autograd";
import {
  add,
  CheckpointError,
  dynamic,
  type Intervention,
  type Model,
  project,
  replace,
  type Site,
  type StoredTensor,
  scale,
  type Where,
} from "../../nn";
import { toFloat32, toInt32 } from "../../nn/checkpoint/safetensors/values";
import { featureShape } from "../../nn/interventions/sites";
import { quote } from "./bytes";
import type { Part } from "./names";

/** The arrays of one edit of one place. */
export type Arrays = Map<Part, StoredTensor>;

/**
 * The intervention that the arrays of one edit stand for. `key`: the name of its place.
 *
 * @throws CheckpointError naming `source` and the array for a shape or dtype that does not fit, for values that are not
 * finite, and for arrays that are missing or do not go together.
 */
export function readEdit(key: string, site: Site, arrays: Arrays, model: Model, source: string): Intervention {
  const reader = new ArrayReader(key, arrays, model, source);
  const { n_heads } = model.config;
  const feature = featureShape(site, model.config);
  const positions = arrays.has(".positions") ? reader.positions() : undefined;
  const at: Where = positions === undefined ? {} : { positions };
  const count = positions?.length ?? -1;
  const byPosition = [count, ...feature];
  const make = (): Intervention => {
    if (arrays.has(".scale")) {
      const heads = site === "z" ? [[count, n_heads]] : [];
      return scale(reader.value(".scale", [[], [count], ...heads]), at);
    }
    if (arrays.has(".head_scale")) {
      if (site !== "z") throw new CheckpointError(source, `"${key}.head_scale": only z has heads`);
      return scale(reader.value(".head_scale", [[n_heads]]), { positions: "all" });
    }
    if (arrays.has(".replace")) return replace(reader.value(".replace", [[], feature, byPosition]), at);
    if (arrays.has(".project")) return project(reader.tensor(".project", [feature, byPosition]), at);
    if ([...arrays.keys()].some((part) => part.startsWith(".dynamic"))) {
      const [g, b] = [reader.tensor(".dynamic.g", [feature]), reader.tensor(".dynamic.b", [[]])];
      return dynamic(g, b, { ...at, normalize: reader.flag(".dynamic.normalize") });
    }
    return add(reader.value("", [[], feature, byPosition]), at);
  };
  const edit = make();
  // Heads are scaled at all positions.
  reader.allUsed(edit.kind === "scale" && arrays.has(".head_scale") ? [".positions"] : []);
  return edit;
}

class ArrayReader {
  private readonly used = new Set<Part>();
  private readonly dtype: "f32" | "f64";

  constructor(
    private readonly key: string,
    private readonly arrays: Arrays,
    private readonly model: Model,
    private readonly source: string,
  ) {
    this.dtype = model.dtype;
  }

  /** A number for an array without axes, else a tensor. */
  value(part: Part, shapes: readonly (readonly number[])[]): Tensor | number {
    const { shape, values } = this.read(part, shapes);
    return shape.length === 0 ? values[0]! : tensor(values, { dtype: this.dtype, shape });
  }

  tensor(part: Part, shapes: readonly (readonly number[])[]): Tensor {
    const { shape, values } = this.read(part, shapes);
    return tensor(values, { dtype: this.dtype, shape });
  }

  positions(): number[] {
    const stored = this.take(".positions");
    const { n_ctx } = this.model.config;
    const name = quote(stored.name);
    const [length, ...rest] = stored.shape;
    if (length === undefined || rest.length > 0 || length === 0 || length > 2 * n_ctx) {
      throw new CheckpointError(
        this.source,
        `${name} has the shape [${stored.shape.join(", ")}], not a list of positions`,
      );
    }
    const positions = [...toInt32(stored, this.source)];
    const wrong = positions.find(
      (position, i) => position < -n_ctx || position >= n_ctx || positions.indexOf(position) < i,
    );
    if (wrong === undefined) return positions;
    throw new CheckpointError(
      this.source,
      `${name} has the position ${wrong} twice, or the model has no such position`,
      {
        details: { positions: `${-n_ctx} to ${n_ctx - 1}` },
      },
    );
  }

  /** 0 or 1; 1 where it is left out. */
  flag(part: Part): boolean {
    if (!this.arrays.has(part)) return true;
    const stored = this.take(part);
    const values = stored.shape.length === 0 ? toInt32(stored, this.source) : [];
    if (values[0] === 0 || values[0] === 1) return values[0] === 1;
    throw new CheckpointError(this.source, `${quote(stored.name)} is not 0 or 1`);
  }

  /** Refuses arrays that nothing was made of. */
  allUsed(except: readonly Part[]): void {
    for (const [part, { name }] of this.arrays) {
      if (this.used.has(part) && !except.includes(part)) continue;
      const others = [...this.used].filter((other) => !except.includes(other)).map((other) => `"${this.key}${other}"`);
      throw new CheckpointError(this.source, `${quote(name)} does not go with ${others.join(", ") || "this site"}`, {
        hint: "A further edit of the same place has its number after the name of the place: #2.",
      });
    }
  }

  private read(part: Part, shapes: readonly (readonly number[])[]): { shape: number[]; values: Float32Array } {
    const stored = this.take(part);
    const { shape, name } = stored;
    const { n_ctx } = this.model.config;
    const isFitting = (want: readonly number[]) =>
      want.length === shape.length &&
      want.every((n, i) => (n < 0 ? shape[i]! > 0 && shape[i]! <= n_ctx : n === shape[i]));
    if (!shapes.some(isFitting)) {
      const valid = shapes.map((want) => `[${want.map((n) => (n < 0 ? `1 to ${n_ctx} positions` : n)).join(", ")}]`);
      throw new CheckpointError(this.source, `${quote(name)} does not fit "${this.model.name}"`, {
        details: { stored: shape, valid: valid.join(" or ") },
      });
    }
    const values = toFloat32(stored, this.source);
    if (!values.every(Number.isFinite)) {
      throw new CheckpointError(this.source, `${quote(name)} holds values that are not finite`);
    }
    return { shape, values };
  }

  private take(part: Part): StoredTensor {
    const stored = this.arrays.get(part);
    if (stored === undefined) throw new CheckpointError(this.source, `"${this.key}${part}" is missing`);
    this.used.add(part);
    return stored;
  }
}
