import { loadModel } from "fader";
import { tensor } from "fader/autograd";
import { ablate, add, type Model, placeName, readCheckpoint, scale, writeCheckpoint } from "fader/nn";
import {
  AttentionPatterns,
  attentionPatterns,
  countryCapitals,
  directLogitAttribution,
  type LensRow,
  LogitAttribution,
  LogitLens,
  logitLens,
} from "fader/steering";
import { beforeAll, describe, expect, test } from "vitest";
import { textTable } from "../../../../src/text/table";
import { clipToken, showToken } from "../../../../src/text/tokens";
import { message, random, tinyModel, tinyOf, values } from "../../../helpers/tiny";

const model = tinyModel();
const ids = [3, 1, 4, 1, 5, 9];
const answers = { correct: 7, wrong: 2 };
const longest = (text: string) => Math.max(...text.split("\n").map((line) => [...line].length));
let builtin: Model;
beforeAll(async () => {
  builtin = await loadModel();
});

describe("logitLens", () => {
  test("ends with what the model says", () => {
    const lens = logitLens(model, ids, { full: true });
    const { logits } = model.forward(ids);
    expect(lens.places.map(({ name }) => name)).toEqual([
      "blocks.0.resid_pre",
      "blocks.0.resid_post",
      "blocks.1.resid_post",
    ]);
    expect([...lens.logits!["blocks.1.resid_post"]!]).toEqual(values(logits));
    expect(lens.prompt).toEqual(ids.map((id) => ({ id, token: String(id) })));
  });

  test("looks where it is told, at what interventions leave there", () => {
    const sites = ["mlp_out", "blocks.1.attn_out"];
    const lens = logitLens(model, ids, { sites, tokens: [7], interventions: { mlp_out: ablate() }, full: true });
    expect(lens.places.map(({ name }) => name)).toEqual(["blocks.0.mlp_out", "blocks.1.attn_out", "blocks.1.mlp_out"]);
    // The norm of zeros is its bias, whatever the token.
    const rows = lens.places[0]!.cells.map(({ tokens }) => tokens[0]!.logit);
    for (const logit of rows) expect(logit).toBe(rows[0]);
    expect(new Set(lens.places[1]!.cells.map(({ tokens }) => tokens[0]!.logit)).size).toBeGreaterThan(2);
  });

  test("keeps only what was asked for", () => {
    const { logits, places } = logitLens(model, ids, { top: 2 });
    expect(logits).toBeUndefined();
    expect(places[0]!.cells).toHaveLength(6);
    expect(places[0]!.cells[0]!.top).toHaveLength(2);
    expect(places[0]!.cells[0]!.tokens).toEqual([]);
    expect(logitLens(model, ids, { top: 0, tokens: [1] }).toString()).toMatch(
      /^After token 5, "9": probability and rank\n/,
    );
  });

  test("refuses what it cannot do, by name", () => {
    expect(message(() => logitLens(model, ids, { sites: ["z"] }))).toBe(
      'SiteError: logitLens: "z" is a result of each head, not 16 wide\n' +
        '  Use "attn_out", what the heads write into the residual stream.',
    );
    expect(message(() => logitLens(model, ids, { sites: ["resid_pots"] }))).toContain('Nearest: "resid_post"');
    expect(message(() => logitLens(model, ids, { sites: [] }))).toContain("its list of sites is empty");
    expect(message(() => logitLens(model, ids, { tokens: [29] }))).toContain(
      "no token has the id 29\n  Valid: 0 to 28.",
    );
    expect(message(() => logitLens(model, ids, { top: 1.5 }))).toContain("top is 1.5, not a whole number");
    expect(message(() => logitLens(model, [ids, ids] as never))).toContain("takes the token ids of one prompt");
    expect(message(() => logitLens(model, []))).toContain("TokenError: forward: no prompts given");
    const infinite = { "blocks.0.mlp_out": add(tensor(new Array(16).fill(1e30))) };
    const nan = { "blocks.0.mlp_out": [scale(1e30), scale(1e30), add(tensor(new Array(16).fill(-1e30)))] };
    expect(message(() => logitLens(model, ids, { interventions: nan }))).toContain(
      "NumericsError: logitLens: the logits at",
    );
    expect(message(() => logitLens(model, ids, { interventions: infinite, beta: Number.NaN }))).toContain(
      "beta is NaN",
    );
    expect(message(() => logitLens(model, ids).table(6))).toContain("no token 6\n  Valid: 0 to 5");
  });

  test("changes from an edit on, place by place", () => {
    const options = { tokens: [7, 2] };
    const before = logitLens(model, ids, options);
    const interventions = { "blocks.1.mlp_out": scale(1, { positions: [-1] }) };
    const after = logitLens(model, ids, { ...options, interventions });
    const changed = after.places.flatMap(({ name, cells }, p) =>
      cells.flatMap(({ tokens }, position) => {
        const was = before.places[p]!.cells[position]!.tokens;
        return tokens.some(({ logit }, i) => logit !== was[i]!.logit) ? [`${name} ${position}`] : [];
      }),
    );
    expect(changed).toEqual(["blocks.1.resid_post 5"]);
  });
});

describe("directLogitAttribution", () => {
  test("gives an added vector what the frozen norm and the unembedding make of it", () => {
    const v = random([16], 5);
    const interventions = { "blocks.1.resid_post": add(v, { positions: [-1] }) };
    const found = directLogitAttribution(model, ids, { ...answers, interventions });
    const { correct, wrong } = answers;
    const table = values(model.weights[`${model.prefix}wte.weight`]!);
    const gain = values(model.weights[`${model.prefix}ln_f.weight`]!);
    const mean = values(v).reduce((a, b) => a + b, 0) / 16;
    const want = values(v).reduce(
      (sum, x, i) => sum + found.scale * (x - mean) * gain[i]! * (table[16 * correct + i]! - table[16 * wrong + i]!),
      0,
    );
    expect(found.blocks[1]!.edits.resid_post).toBeCloseTo(want, 5);
    expect(found.blocks[0]!.edits).toEqual({});
  });

  test("gives an ablated head nothing, and an ablated MLP an edit that takes all of it back", () => {
    const heads = tensor([0, -1], { shape: [1, 2] });
    const interventions = {
      "blocks.0.z": scale(heads, { positions: [-1] }),
      "blocks.1.mlp_out": ablate(),
    };
    const { blocks } = directLogitAttribution(model, ids, { ...answers, interventions });
    expect(blocks[0]!.heads[0]).not.toBe(0);
    expect(blocks[0]!.heads[1]).toBeCloseTo(0, 12);
    expect(blocks[1]!.mlpOut).toBeCloseTo(0, 12);
    expect(blocks[1]!.edits.mlp_out).not.toBe(0);
  });

  test("is antisymmetric in the answers, and 0 for one and the same", () => {
    const there = directLogitAttribution(model, ids, answers).terms();
    const back = directLogitAttribution(model, ids, { correct: answers.wrong, wrong: answers.correct }).terms();
    expect(back).toEqual(there.map(({ name, value }) => ({ name, value: -value })));
    const none = directLogitAttribution(model, ids, { correct: 3, wrong: 3 });
    for (const { value } of none.terms()) expect(Math.abs(value)).toBe(0);
  });

  test("works on weights of 16 bits", () => {
    const half = readCheckpoint(writeCheckpoint(tinyOf("llama, grouped")), { dtype: "bf16" });
    const found = directLogitAttribution(half, ids, answers);
    const sum = found.terms().reduce((total, { value }) => total + value, 0);
    expect(Math.abs(sum - found.delta)).toBeLessThan(1e-4);
    expect(found.finalBias).toBe(0);
  });

  test("refuses tokens that are not there", () => {
    expect(message(() => directLogitAttribution(model, ids, { correct: 1, wrong: -1 }))).toContain(
      "no token has the id -1",
    );
  });
});

describe("attentionPatterns", () => {
  test("of the asked blocks alone", () => {
    const found = attentionPatterns(model, ids, { layers: [1] });
    expect([...found.patterns.keys()]).toEqual([1]);
    expect(found.patterns.get(1)).toHaveLength(2 * 36);
    expect(found.head(1, 1)).toEqual(attentionPatterns(model, ids).head(1, 1));
    const { tokens, layers } = JSON.parse(JSON.stringify(found));
    expect(tokens).toEqual(ids.map(String));
    expect(layers).toEqual([{ layer: 1, heads: [found.head(1, 0), found.head(1, 1)] }]);
  });

  test("change with what the block reads, not with what comes after", () => {
    const clean = attentionPatterns(model, ids);
    const later = attentionPatterns(model, ids, {
      interventions: { "blocks.1.z": ablate(), "blocks.1.mlp_out": ablate() },
    });
    expect(later.patterns).toEqual(clean.patterns);
    const edited = attentionPatterns(model, ids, { interventions: { "blocks.0.mlp_out": scale(1) } });
    expect(edited.head(0, 0)).toEqual(clean.head(0, 0));
    expect(edited.head(1, 0)).not.toEqual(clean.head(1, 0));
  });

  test("refuse blocks and heads that are not there", () => {
    expect(message(() => attentionPatterns(model, ids, { layers: [2] }))).toContain(
      "no block 2\n  This model has blocks 0-1.",
    );
    expect(message(() => attentionPatterns(model, ids, { layers: [] }))).toContain("its list of layers is empty");
    expect(message(() => attentionPatterns(model, ids).head(1, 2))).toContain(
      "no head 1.2\n  Here are blocks 0, 1, each with heads 0-1.",
    );
  });

  test("are drawn the darker the more is read", () => {
    const rows = [1, 0, 0, 0.5, 0.5, 0, 0.02, 0.2, 0.78];
    const map = new AttentionPatterns(["a", "b\n", "c"], 1, new Map([[0, Float64Array.from(rows)]]));
    expect(map.heatMap(0, 0).split("\n").slice(3)).toEqual(["a  ██", "b  ▒▒▒▒", "c  ··░░██"]);
    expect(map.toString()).toContain("0.0  c @2 78%  b @1 20%  a @0 2%");
  });
});

describe("observe", () => {
  test("shows every site before and after its edits", () => {
    const last = new Map<string, unknown>();
    const edited: string[] = [];
    const { activations } = model.forward(ids, {
      interventions: { "blocks.0.mlp_out": scale(0.5) },
      capture: ["mlp_out"],
      observe(site, layer, before, after) {
        last.set(placeName(site, layer), after);
        if (before !== after) edited.push(placeName(site, layer));
      },
    });
    expect(last.size).toBe(12);
    expect(edited).toEqual(["blocks.0.mlp_out"]);
    for (const [name, x] of Object.entries(activations)) expect(last.get(name)).toBe(x);
  });
});

describe("as text", () => {
  test("every result fits 80 columns", () => {
    const { test: prompts } = countryCapitals(builtin);
    const { ids: prompt, correct, wrong } = prompts[0]!;
    const interventions = { resid_post: scale(0.1), attn_out: scale(0.5) };
    const lens = logitLens(builtin, prompt, { tokens: [correct, wrong, 1, 2], interventions });
    const patterns = attentionPatterns(builtin, prompt);
    const terms = directLogitAttribution(builtin, prompt, { correct, wrong, interventions });
    expect(terms.toString()).toContain("edits");
    for (const result of [lens, patterns, terms, patterns.heatMap(1, 0)]) {
      expect(longest(result.toString()), result.toString()).toBeLessThanOrEqual(80);
    }
  });

  test("also with many blocks, long tokens and long prompts", () => {
    const token = "antidisestablishmentarianism";
    const entry = { id: 128_000, token, logit: -1, probability: 1, rank: 128_000 };
    const cells = new Array(9).fill({ top: [entry, entry, entry], tokens: [entry, entry, entry] });
    const places: LensRow[] = [{ name: "blocks.100.resid_post", cells }];
    const lens = new LogitLens(new Array(9).fill({ id: 0, token }), places);
    expect(longest(lens.toString()), lens.toString()).toBeLessThanOrEqual(80);
    for (const asked of [0, 1, 2]) {
      const fewer = cells.map(({ top, tokens }) => ({ top, tokens: tokens.slice(asked) }));
      expect(longest(new LogitLens(lens.prompt, [{ ...places[0]!, cells: fewer }]).toString())).toBeLessThanOrEqual(80);
    }
    const n = 100;
    const flat = new Float32Array(n * n).fill(1 / n);
    const patterns = new AttentionPatterns(new Array(n).fill(token), 1, new Map([[100, flat]]));
    expect(longest(patterns.toString())).toBeLessThanOrEqual(80);
    const map = patterns.heatMap(100, 0);
    expect(map).toContain("the last 60 of 100 tokens");
    expect(longest(map), map).toBeLessThanOrEqual(80);
    const block = { heads: [-100.123], attnBias: 0, attnOut: -1234.5, mlpOut: 99.9, edits: { resid_mid: -5 } };
    const terms = new LogitAttribution(entry, entry, -1, 1, 0, new Array(120).fill(block), 0);
    expect(longest(terms.toString()), terms.toString().slice(0, 400)).toBeLessThanOrEqual(80);
  });

  test("tokens show what would disturb a terminal, and wide ones take two columns", () => {
    expect(showToken(" Paris")).toBe("Paris");
    expect(showToken("\n")).toBe("↵");
    expect(showToken("\x1b[31mred")).toBe("·[31mred");
    expect(clipToken("東京都庁", 5)).toBe("東京…");
    expect(
      textTable([
        ["東京", "x"],
        ["a", "yy"],
      ]),
    ).toEqual(["東京   x", "a     yy"]);
  });
});
