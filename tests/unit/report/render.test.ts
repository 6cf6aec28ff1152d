import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { type Curve, type ReportData, renderReport, type TaskData } from "../../../src/report";
import { tokenLabel, visible } from "../../../src/report/text";
import { about } from "../../helpers/report";

const TOKENS = [
  ..."The| capital| of| Poland| is| London|.|\n".split("|"),
  ..."Q|:| What| is| the| capital| of| Poland|?|\n".split("|"),
];
const LAYERS = 4;

/** A layers × tokens matrix that is zero except at the places given as "layer,position". */
function matrix(places: Record<string, number>): number[][] {
  return Array.from({ length: LAYERS }, (_, l) => TOKENS.map((_, i) => places[`${l},${i}`] ?? 0));
}

function sample(): ReportData {
  const attention = matrix({ "2,5": -1.42, "3,15": 0.871, "1,3": 0.0123, "3,17": -0.31 });
  const mlp = matrix({ "0,5": 0.52, "2,3": -0.24 });
  const norm = (seed: number) =>
    Array.from({ length: LAYERS }, (_, l) =>
      TOKENS.map((_, i) => ((l + i + seed) % 7 === 0 ? 0 : Math.abs(Math.sin(seed + l * 5 + i * 1.7)) * (l + 1))),
    );
  const row = (label: string, beta: number | null, answer: string, pCorrect: number, pWrong: number) => {
    const other = { token: " the", probability: (1 - pCorrect - pWrong) / 2 };
    const candidates = [
      { token: " Warsaw", probability: pCorrect },
      { token: " London", probability: pWrong },
    ].sort((a, b) => b.probability - a.probability);
    return { label, beta, answer, pCorrect, pWrong, delta: Math.log(pCorrect / pWrong), top: [...candidates, other] };
  };
  return {
    title: "Which activations decide between memory and context?",
    question:
      "When a prompt says something that contradicts what the model knows, which of its activations make it answer " +
      "from memory or from the context, and can turning a few of them up or down choose the answer?",
    model: { name: "gpt2", parameters: 124_439_808, n_layers: LAYERS },
    claims: [],
    failed: [],
    tasks: [
      {
        id: "ccc-qa",
        description: "The context names a capital that clashes with the true one.",
        split: "137 training countries, 60 held-out countries",
        seed: 0,
        prompts: 224,
        methods: ["Faders", "Steering vectors"],
        dials: [],
        example: {
          prompt: TOKENS.join(""),
          tokens: [...TOKENS],
          correct: " Warsaw",
          wrong: " London",
          rows: [
            row("clean", null, " London", 0.182, 0.641),
            row("faders", -1, " London", 0.0004, 0.93),
            row("faders", 0, " London", 0.182, 0.641),
            row("faders", 1, " Warsaw", 0.88, 0.02),
            row("vectors", -1, " London", 0.0003, 0.9993),
            row("vectors", 0, " London", 0.182, 0.641),
            row("vectors", 1, " Warsaw", 0.91, 0.011),
          ],
        },
        faders: [
          { site: "attn_out", values: attention },
          { site: "mlp_out", values: mlp },
        ],
        vectors: [
          { site: "attn_out", values: norm(1) },
          { site: "mlp_out", values: norm(3) },
        ],
        moved: [
          { site: "attn_out", layer: 2, position: 5, token: " London", alpha: -1.42 },
          { site: "attn_out", layer: 3, position: 15, token: " Poland", alpha: 0.871 },
          { site: "mlp_out", layer: 0, position: 5, token: " London", alpha: 0.52 },
          { site: "attn_out", layer: 3, position: 17, token: "\n", alpha: -0.31 },
        ],
        tables: [
          {
            id: "comparison",
            title: "The methods compared",
            columns: [
              "Method",
              "Active parameters",
              "Flipped at β = +1",
              "Flipped at β = −1",
              "KL, other tokens",
              "Fits",
            ],
            rows: [
              ["No intervention", "0", "21.7%", "78.3%", "0", "—"],
              ["Faders", "6 of 144", "96.1% ± 1.2%", "97.4% ± 0.9%", "0.041 ± 0.006", "one length"],
              ["Steering vectors", "94,848 of 110,592", "98.2% ± 0.8%", "98.9% ± 0.4%", "0.038 ± 0.004", "one length"],
              ["Dynamic faders", "6,152", "92.4% ± 2.3%", "93.1% ± 1.9%", "0.055 ± 0.010", "any length"],
            ],
            note: "Held-out countries; mean ± standard deviation over 5 seeds.",
          },
        ],
        curves: [
          {
            method: "Faders",
            points: [0, 1, 2, 4, 6, 144].map((k) => ({ k, effectiveness: about(0.96 - 0.75 * 0.4 ** k, 0.02) })),
          },
          { method: "Steering vectors", points: [0, 1, 2, 4, 8, 16, 32, 64, 144].map((k) => curvePoint(k)) },
        ],
      },
    ],
    reproduce: {
      command: "npx fader report --model gpt2 --task ccc --seed 0 --out report.html",
      seeds: [0],
      versions: [["Fader", "0.1.0"]],
      seconds: 254.2,
    },
  };
}

function curvePoint(k: number): Curve["points"][number] {
  return { k, effectiveness: about(0.21 + 0.77 * (1 - Math.exp(-k / 20)), 0.02) };
}

/** Data and its only task. */
function sampleTask(): { data: ReportData; task: TaskData } {
  const data = sample();
  return { data, task: data.tasks[0]! };
}
// end of the sample

async function page(data: ReportData) {
  const { html } = await renderReport(data);
  const { document } = parseHTML(html);
  const figures = (kind: string) => Array.from(document.querySelectorAll(`figure[data-kind=${kind}]`));
  return { html, document, figures };
}

describe("renderReport", () => {
  it("draws one figure per site and kind, each described in words", async () => {
    const { document, figures } = await page(sample());
    expect(figures("faders").map((figure) => figure.querySelector("b")!.textContent)).toEqual(["attn_out", "mlp_out"]);
    expect(figures("vectors")).toHaveLength(2);
    expect(figures("example")).toHaveLength(1);
    expect(figures("curve")).toHaveLength(1);
    for (const svg of Array.from(document.querySelectorAll("svg"))) {
      expect(svg.getAttribute("role")).toBe("img");
      expect(svg.getAttribute("aria-label")!.length).toBeGreaterThan(40);
    }
    expect(document.querySelectorAll("h1")).toHaveLength(1);
  });

  it("shows every token of the prompt as its own column, repeated ones too", async () => {
    const { figures } = await page(sample());
    for (const figure of [...figures("faders"), ...figures("vectors")]) {
      const group = figure.querySelector(".tokens")!;
      const labels = Array.from(group.querySelectorAll("text"), (text) => text.childNodes[0]!.textContent);
      expect(labels).toEqual(TOKENS.map((token) => (token === "\n" ? "↵" : token.trim())));
      const places = Array.from(group.querySelectorAll("text"), (text) => text.getAttribute("transform"));
      expect(new Set(places).size).toBe(TOKENS.length);
    }
  });

  it("draws zeros as dots, everything else as a cell that is not the colour of zero, and counts both", async () => {
    const { figures } = await page(sample());
    const [attention] = figures("faders");
    expect(attention!.querySelectorAll(".zero circle")).toHaveLength(68);
    const cells = Array.from(attention!.querySelectorAll(".moved rect"));
    expect(cells).toHaveLength(4);
    // 0.0123 rounds to the middle of the scale, and still must not look like nothing.
    expect(cells.map((cell) => cell.getAttribute("fill"))).toContain("var(--d21)");
    expect(cells.map((cell) => cell.getAttribute("fill"))).not.toContain("var(--d20)");
    expect(attention!.querySelector("figcaption")!.textContent).toContain("4 moved, 68 of 72 exactly 0.");
  });

  it("draws one column where parameters are the same for all tokens", async () => {
    const { data, task } = sampleTask();
    task.faders = [{ site: "mlp_out", values: [[0], [0.25], [0], [-0.5]] }];
    task.vectors = [{ site: "mlp_out", values: [[0], [0], [3], [0]] }];
    task.moved = [{ site: "mlp_out", layer: 3, alpha: -0.5 }];
    const { html, document, figures } = await page(data);
    const [faders] = figures("faders");
    expect(faders!.querySelectorAll(".moved rect")).toHaveLength(2);
    expect(faders!.textContent).toContain("layer 3, every token: α = −0.500");
    expect(faders!.innerHTML).toContain("Largest at layer 3, every token.");
    expect(html).toContain("every site and layer, the same for all tokens");
    expect(document.querySelector('[aria-label="The places that moved"] tbody')!.textContent).toContain("every token3");
    task.example.tokens = ["a", "b"];
    await expect(renderReport(data)).resolves.toBeDefined();
  });

  it("puts layer 0 at the bottom", async () => {
    const { figures } = await page(sample());
    const cells = Array.from(figures("faders")[1]!.querySelectorAll(".moved rect"));
    const height = (layer: number) =>
      Number(cells.find((c) => c.textContent!.startsWith(`layer ${layer}`))!.getAttribute("y"));
    expect(height(0)).toBeGreaterThan(height(2));
  });

  it("shows all table cells and aligns the numbers", async () => {
    const { data, task } = sampleTask();
    const { document } = await page(data);
    const table = document.querySelector("[aria-labelledby=ccc-qa-comparison] table")!;
    const rows = Array.from(table.querySelectorAll("tbody tr"));
    expect(rows.map((row) => Array.from(row.children, (cell) => cell.textContent))).toEqual(task.tables[0]!.rows);
    const numeric = Array.from(rows[1]!.children, (cell) => cell.getAttribute("class") === "num");
    expect(numeric).toEqual([false, true, true, true, true, false]);
    expect(document.body.textContent).toContain(task.tables[0]!.note);
  });

  it("needs nothing from outside and runs no script", async () => {
    const { html, document } = await page(sample());
    const withoutNames = html
      .replaceAll("http://www.w3.org/2000/svg", "")
      .replaceAll("http://www.w3.org/1999/xlink", "");
    expect(/https?:|url\(|@import|javascript:/i.test(withoutNames)).toBe(false);
    expect(document.querySelectorAll("script, link, img, iframe, [src], [href]:not([href^='#'])")).toHaveLength(0);
    expect(html).toContain("prefers-color-scheme:dark");
  });

  it("escapes hostile text wherever it comes from", async () => {
    const evil = `"'><script>alert(1)</script>&amp;<svg onload=x>`;
    const { data, task } = sampleTask();
    data.title = data.question = data.model.name = evil;
    task.id = task.description = task.split = evil;
    task.example.prompt = task.example.correct = task.example.wrong = evil;
    task.example.tokens = task.example.tokens.map((token, i) => (i === 3 || i === 5 ? evil : token));
    for (const row of task.example.rows) {
      row.label = row.answer = evil;
      row.top = [{ token: evil, probability: 0.5 }];
    }
    for (const entry of [...task.faders, ...task.vectors]) entry.site = evil;
    for (const place of task.moved) place.site = place.token = evil;
    task.tables = [{ id: "comparison", title: evil, columns: [evil, evil], rows: [[evil, evil]], note: evil }];
    task.methods = [evil, "Steering vectors"];
    task.curves[0]!.method = evil;
    data.reproduce.command = evil;
    data.reproduce.versions = [["Fader", evil]];
    const { html, document } = await page(data);
    expect(/<script|<svg onload/i.test(html)).toBe(false);
    expect(document.querySelector("h1")!.textContent).toBe(evil);
    expect(document.querySelector(".prompt")!.getAttribute("aria-label")).toBe(evil);
    expect(document.querySelectorAll("[onload]")).toHaveLength(0);
    expect(document.querySelectorAll("svg")).toHaveLength(6);
  });

  it("works without curves, and when nothing moved", async () => {
    const { data, task } = sampleTask();
    task.curves = [];
    task.moved = [];
    for (const entry of task.faders) entry.values = matrix({});
    const { html, figures } = await page(data);
    expect(figures("curve")).toHaveLength(0);
    expect(html).toContain("No fader moved.");
    expect(/NaN|undefined/.test(html)).toBe(false);
  });

  it("gives the same text for the same data", async () => {
    expect(await renderReport(sample())).toEqual(await renderReport(sample()));
  });

  it("refuses maps of another shape and values that are not finite", async () => {
    const short = sampleTask();
    short.task.faders[0]!.values = short.task.faders[0]!.values.slice(0, 3);
    await expect(renderReport(short.data)).rejects.toThrow("faders at attn_out: 3 layers, but the model has 4");
    const narrow = sampleTask();
    narrow.task.vectors[1]!.values = narrow.task.vectors[1]!.values.map((row, l) => (l === 2 ? row.slice(1) : row));
    await expect(renderReport(narrow.data)).rejects.toThrow("layer 2: 17 positions, but the prompt has 18 tokens");
    const broken = sampleTask();
    const hole = (row: readonly number[]) => row.map((value, i) => (i === 7 ? Number.NaN : value));
    broken.task.faders[1]!.values = broken.task.faders[1]!.values.map((row, l) => (l === 1 ? hole(row) : row));
    await expect(renderReport(broken.data)).rejects.toThrow("layer 1, position 7: NaN is not finite");
  });
});

describe("text", () => {
  it("makes invisible tokens visible", () => {
    const tokens = ["\n", " of", "", "  ", "a\u202eb", "\u0000", "internationalisation"];
    expect(tokens.map((token) => tokenLabel(token, 8)).join(" ")).toBe("↵ of ∅ ␣␣ aU+202Eb ␀ interna…");
    expect(visible("\t")).toBe("⇥");
  });
});
