import type { GPTConfig, Rotary, RotaryScaling } from "../config";
import type { Fields } from "./fields";

/** Positions are 32-bit integers. */
const LAST_POSITION = 2 ** 31;

interface RotaryFields {
  /** Names of the share of each head that turns, its default, and whether it must be the whole head. */
  share: [string, ...string[]];
  shareOf: number;
  onlyWhole?: boolean;
}

/** The `rotary` entry of a configuration, from either way in which Hugging Face configurations have stored it. */
export function parseRotary(
  fields: Fields,
  d_head: number,
  { share: names, shareOf, onlyWhole }: RotaryFields,
): { rotary?: Rotary } {
  const parameters = fields.object("rope_parameters");
  const scalingFields = parameters ?? fields.object("rope_scaling");
  const whereIs = (key: string) => (parameters?.isAbsent(key) === false ? parameters : fields);
  const base = whereIs("rope_theta").positive(["rope_theta", "rotary_emb_base"], 10000);
  const share = whereIs("partial_rotary_factor").positive(names, shareOf, true);
  if (share > 1) throw fields.error(`${names[0]} is ${share}, more than the whole head`);
  const dim = Math.floor(d_head * share);
  if (onlyWhole && dim !== d_head) {
    throw fields.error(`${names[0]} ${share} is not supported`, { hint: "Supported: 1, the whole head." });
  }
  if (dim % 2 !== 0) {
    throw fields.error(`${dim} of ${d_head} entries of a head would turn, which is no number of pairs`, {
      details: { [names[0]]: share, d_head },
    });
  }
  if (dim === 0) return {};
  const scaling = scalingFields && parseScaling(scalingFields);
  const fastest = Math.max(1, base ** (2 / dim - 1)) / Math.min(1, scaling?.factor ?? 1);
  if (!Number.isFinite(fastest * LAST_POSITION)) {
    throw fields.error("the angles of rotary positions would not be finite", {
      details: { base, ...(scaling && { factor: scaling.factor }) },
    });
  }
  return { rotary: { dim, base, ...(scaling && { scaling }) } };
}

function parseScaling(fields: Fields): RotaryScaling | undefined {
  const type = fields.isAbsent("rope_type") ? fields.json.type : fields.json.rope_type;
  if (type === undefined || type === null || type === "default") return undefined;
  if (type === "linear") return { rope_type: "linear", factor: fields.positive(["factor"]) };
  if (type !== "llama3") {
    throw fields.error(`rope_type ${fields.show(type)} is not supported`, {
      hint: "Supported: default, linear, llama3.",
    });
  }
  const scaling = {
    rope_type: "llama3" as const,
    factor: fields.positive(["factor"]),
    low_freq_factor: fields.positive(["low_freq_factor"]),
    high_freq_factor: fields.positive(["high_freq_factor"]),
    original_max_position_embeddings: fields.size("original_max_position_embeddings"),
  };
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    throw fields.error("high_freq_factor is not above low_freq_factor");
  }
  return scaling;
}

/** The fields of a `config.json` that `parseRotary` reads back; `names`: those of the base and the share. */
export function writeRotary({ rotary, d_head }: GPTConfig, names: { base: string; share?: string }) {
  const dim = rotary?.dim ?? 0;
  const exact = dim / d_head;
  // A share that rounds down to `dim` again.
  const share = Math.floor(d_head * exact) === dim ? exact : (dim + 0.5) / d_head;
  return {
    [names.base]: rotary?.base ?? 10000,
    ...(names.share && { [names.share]: share }),
    rope_scaling: rotary?.scaling ?? null,
    // A newer form of the same, which would go first.
    rope_parameters: undefined,
  };
}

/** The angle by which pair `i` turns from one position to the next. */
export function rotaryFrequencies({ dim, base, scaling }: Rotary): number[] {
  return Array.from({ length: dim / 2 }, (_, i) => {
    const frequency = base ** ((-2 * i) / dim);
    if (scaling === undefined) return frequency;
    const slow = frequency / scaling.factor;
    if (scaling.rope_type === "linear") return slow;
    const { low_freq_factor: low, high_freq_factor: high } = scaling;
    const turns = (scaling.original_max_position_embeddings * frequency) / (2 * Math.PI);
    // Fewer turns in the original context than `low`: stretched; more than `high`: as they were.
    const kept = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return (1 - kept) * slow + kept * frequency;
  });
}
