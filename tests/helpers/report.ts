import type { Claim, Interval } from "fader/steering";
import type { ReportData, TaskData } from "../../src/report";

/** An estimate with an interval of that half width. */
export function about(value: number, by: number): Interval {
  return { value, low: value - by, high: value + by };
}

const LAYERS = 3;

/** The data of a report with two tasks, as a small sweep gives them; `text` stands wherever a name or a token can. */
export function sweepReport(text?: string): ReportData {
  const say = (usual: string) => text ?? usual;
  const tokens = ["The", " capital", " of", " Poland", " is", " London", ".", "\n"].map(say);
  const map = (seed: number) =>
    Array.from({ length: LAYERS }, (_, l) =>
      tokens.map((_, i) => ((l + i + seed) % 3 === 0 ? Math.sin(seed + l * 5 + i) : 0)),
    );
  const betas = Array.from({ length: 13 }, (_, i) => -1.5 + i / 4);
  const methods = ["scalars", "vectors", "dynamic"];
  const task = (id: string): TaskData => ({
    id,
    description: say("The context names another capital."),
    split: say("60 training countries, 26 held-out countries"),
    seed: 0,
    example: {
      prompt: tokens.join(""),
      tokens,
      correct: say(" Warsaw"),
      wrong: say(" London"),
      rows: [null, -1, 0, 1].map((beta) => ({
        label: beta === null ? "clean" : say("scalars"),
        beta,
        answer: say(" Warsaw"),
        pCorrect: 0.6,
        pWrong: 0.3,
        delta: 0.7,
        top: [{ token: say(" Warsaw"), probability: 0.6 }],
      })),
    },
    faders: ["attn_out", "mlp_out"].map((site, i) => ({ site: say(site), values: map(i) })),
    vectors: ["attn_out", "mlp_out"].map((site, i) => ({
      site: say(site),
      values: map(i + 2).map((row) => row.map(Math.abs)),
    })),
    moved: [{ site: say("attn_out"), layer: 2, position: 3, token: say(" Poland"), alpha: 0.9 }],
    methods: methods.map(say),
    fronts: {
      parameters: methods.map((method, i) => ({
        method: say(method),
        setting: say("attn_out+mlp_out, λ 0.6"),
        flips: about(0.9 - i / 10, 0.05),
        cost: about(30 * 50 ** i, 5),
        isOnFront: i === 0,
      })),
      klOthers: methods.map((method, i) => ({
        method: say(method),
        setting: say("attn_out, λ 2"),
        flips: about(0.9 - i / 10, 0.05),
        cost: about(0.2 + i / 5, 0.1),
        isOnFront: i === 0,
      })),
    },
    dials: methods.map((method, i) => ({
      method: say(method),
      points: betas.map((beta) => {
        const p = 1 / (1 + Math.exp(-4 * beta));
        const values = { delta: about((4 + i) * beta, 0.5), correct: about(p, 0.05) };
        return { beta, ...values, wrong: about(0.9 - 0.9 * p, 0.05), others: about(0.1 - 0.1 * p, 0.01) };
      }),
    })),
    prompts: 104,
    curves: [
      {
        method: say("scalars"),
        points: [0, 1, 3, 9, 27].map((k) => ({
          k,
          effectiveness: { value: 0.9 - 0.4 ** (k + 1), low: 0.2, high: 0.95 },
        })),
      },
    ],
    tables: [
      {
        id: "table",
        title: "All settings",
        columns: ["Method", "Sites", "Penalty", "Flips β = +1"].map(say),
        rows: [["scalars", "attn_out+mlp_out", "λ 0.6", "90.0% [85.0%, 95.0%]"].map(say)],
        note: say("Mean over 3 seeds."),
      },
      {
        id: "harm",
        title: "Harm off the task",
        columns: ["Method", "Sites", "Penalty", "KL, both"].map(say),
        rows: [["scalars", "attn_out+mlp_out", "λ 0.6", "0.139 [0.034, 0.239]"].map(say)],
        note: say("On texts that have nothing to do with the task."),
      },
      {
        id: "baselines",
        title: "Baselines",
        columns: ["Intervention", "Flips"].map(say),
        rows: [["caa", "0% [0%, 0%]"].map(say), ["per-head", "–"].map(say)],
        note: say("Made from the training prompts of seed 0."),
      },
    ],
    attention: {
      method: say("scalars"),
      beta: -1,
      of: 12,
      heads: [0, 2].map((head) => ({
        layer: 1,
        head,
        change: 0.1,
        before: tokens.map((_, q) => tokens.map((_, k) => (k <= q ? 1 / (q + 1) : 0))),
        after: tokens.map((_, q) => tokens.map((_, k) => Number(k === Math.max(0, q - head)))),
      })),
    },
    inside: {
      method: say("scalars"),
      beta: -1,
      lens: ["embedding", "block 0", "block 1", "block 2"].map((place, i) => ({
        place: say(place),
        before: { correct: i / 4, wrong: 0.1 },
        after: { correct: 0.1, wrong: i / 4 },
      })),
      terms: ["embedding", "attention 0", "MLP 0"].map((name, i) => ({
        name: say(`${name}${text ? i : ""}`),
        before: i - 1,
        after: 1 - i,
      })),
    },
  });
  const claim = (number: number, verdict: Claim["verdict"]): Claim => ({
    number,
    statement: say("Scalars are about as effective as vectors."),
    criterion: say("The 95% interval lies above −5 points."),
    verdict,
    findings: [
      {
        task: say("ccc-qa"),
        verdict,
        numbers: { [say("scalars − vectors")]: about(-0.01, 0.02) },
        why: say("Scalars flip 99%."),
      },
    ],
  });
  return {
    title: say("Activation scaling against steering vectors"),
    question: say("Can a few multipliers decide which of two answers a model gives?"),
    model: { name: say("capitals"), parameters: 213_760, n_layers: LAYERS },
    tasks: [task("ccc-qa"), task("ioi-0")],
    claims: [claim(1, "PASS"), claim(2, "FAIL"), claim(4, "NOT MEASURED")],
    failed: [{ id: say("ccc-qa/vectors/z/x1/400/s3"), problem: say("the loss is Infinity at step 3") }],
    reproduce: {
      figures: "figures",
      command: say("npx fader sweep --task ccc,ioi --seeds 3 --seed 0 --steps 150"),
      seeds: [0, 1, 2],
      versions: [
        ["Fader", say("0.1.0")],
        ["Node", say("v20.0.0")],
      ],
    },
  };
}
