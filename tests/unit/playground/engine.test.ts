import {
  add,
  attentionPatterns,
  betaDial,
  countryCapitals,
  evaluate,
  exportIntervention,
  generate,
  interventionFromBytes,
  type LearnedIntervention,
  loadModel,
  logitLens,
  logitsAt,
  type Model,
  scale,
  type Tensor,
  tensor,
} from "fader";
import { klOthers, logitDiff, measuresIn, settingsFor, taskFamilies } from "fader/steering";
import { beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../playground/src/engine/engine";
import type {
  Edit,
  Engine,
  EngineError,
  FaderValue,
  LearnProgress,
  LearnRequest,
} from "../../../playground/src/protocol";
import { learn } from "../../../src/steering/learn/learn";
import { tinyModel } from "../../helpers/tiny";

const prompt = "The capital of Poland is London.\nQ: What is the capital of Poland?\nA:";
const answers = { correct: "Warsaw", wrong: "London" };
const faders: FaderValue[] = [
  { site: "mlp_out", layer: 1, position: 3, alpha: 0.8 },
  { site: "mlp_out", layer: 2, position: 19, alpha: -1 },
  { site: "attn_out", layer: 0, position: 5, alpha: 1.5 },
];
const none: Edit = { faders: [], beta: 1 };

let model: Model;
let engine: Engine;
beforeAll(async () => {
  model = await loadModel();
  engine = createEngine();
  await engine.open({ kind: "built-in" });
});

/** What a call was refused with, as a page shows it. */
async function problem(call: Promise<unknown>): Promise<string> {
  const refused = (await call.then(
    () => ({ name: "nothing", problem: "was thrown", details: {} }),
    (error: EngineError) => error,
  )) as EngineError;
  const details = Object.entries(refused.details).map(([key, value]) => `  ${key}: ${value}`);
  const hint = refused.hint === undefined ? [] : [`  ${refused.hint}`];
  return [`${refused.name}: ${refused.problem}`, ...details, ...hint].join("\n");
}

/** The map of `faders` by hand, for a prompt of `length` tokens. */
function mapOf(values: readonly FaderValue[], length: number) {
  const alphas: Record<string, number[][]> = {};
  for (const { site, layer, position, alpha } of values) {
    alphas[site] ??= Array.from({ length: 3 }, () => new Array<number>(length).fill(0));
    alphas[site][layer]![position] = alpha;
  }
  return Object.fromEntries(Object.entries(alphas).map(([site, alpha]) => [site, scale(tensor(alpha))]));
}

function vectorsOn(length: number, layers = 3): Promise<Uint8Array> {
  const prompts = countryCapitals(model).train.map((p) => ({ ...p, ids: p.ids.slice(-length) }));
  return learn("vectors", model, prompts.slice(0, layers), { steps: 2, groupMinimality: 0 }).then((x) => x.toBytes());
}

test("the engine names every task family of the library to the page", async () => {
  const { tasks } = await createEngine().status();
  expect(tasks).toEqual(taskFamilies.map(({ name, title, question }) => ({ name, title, question })));
  expect(tasks.map(({ name }) => name)).toEqual(["ccc", "ioi"]);
});

describe("a model", () => {
  test("says what it is", async () => {
    const info = await createEngine().open({ kind: "built-in" });
    expect(info).toMatchObject({
      ...{ name: "capitals", source: "built-in", family: "gpt2", n_layers: 3, n_heads: 4, n_ctx: 32, d_model: 64 },
      sites: ["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"],
    });
    expect(info.parameters).toBe(model.parameterCount);
    expect(await engine.status()).toMatchObject({ backend: "wasm", isolated: true });
  });

  test("is asked for before anything else", async () => {
    expect(await problem(createEngine().tokens("a"))).toBe("EngineError: No model is open.\n  Open one first.");
  });

  test("that is broken leaves the one that is open", async () => {
    const own = createEngine();
    await own.open({ kind: "built-in" });
    const before = await own.steer({ prompt, edit: none });
    const file = (name: string, text: string) => new File([text], name);
    const broken = [
      [],
      [file("config.json", "{")],
      [file("config.json", '{"model_type": "mamba"}'), file("tokenizer.json", "{}")],
      [file("config.json", "{}"), file("tokenizer.json", "{}")],
      [file("config.json", JSON.stringify(model.config.source)), file("tokenizer.json", "[]")],
    ];
    const said = [];
    for (const files of broken) said.push(await problem(own.open({ kind: "files", files })));
    expect(said.join("\n\n")).toMatchInlineSnapshot(`
      "EngineError: There are no files in what was dropped.
        Drop a folder with config.json, tokenizer.json and weights.

      EngineError: "dropped files" has no tokenizer.json, so that it cannot read text.
        Put tokenizer.json beside its config.json.

      CheckpointError: dropped files/config.json: model_type "mamba" is not supported
        Supported: gpt2, gpt_neox, llama. Nearest: "llama".

      CheckpointError: dropped files/config.json: model_type is missing
        Supported: gpt2, gpt_neox, llama.

      CheckpointError: dropped files/tokenizer.json: a tokenizer is a JSON object"
    `);
    expect((await own.steer({ prompt, edit: none })).outcomes).toEqual(before.outcomes);
  });
});

describe("a prompt", () => {
  test("shows its tokens", async () => {
    const tokens = await engine.tokens(prompt);
    expect(tokens.map(({ id }) => id)).toEqual(model.encode(prompt));
    expect(tokens.map(({ text }) => text)).toEqual(model.tokens(prompt));
    expect(await engine.tokens("")).toEqual([]);
  });

  test("is answered as the library does, under faders", async () => {
    const beta = 0.7;
    const got = await engine.steer({ prompt, edit: { faders, beta }, answers });
    const ids = model.encode(prompt);
    const [correct, wrong] = [" Warsaw", " London"].map((word) => model.needTokenizer("test").single(word));
    const prompts = [{ text: prompt, ids, correct: correct!, wrong: wrong!, group: "" }];
    const [clean, steered] = logitsAt(model, [ids], mapOf(faders, ids.length), [0, beta]) as [Tensor, Tensor];
    expect(got.delta!.clean).toBeCloseTo(logitDiff(clean, prompts).item(), 6);
    expect(got.delta!.steered).toBeCloseTo(logitDiff(steered, prompts).item(), 6);
    expect(got.klOthers).toBeCloseTo(klOthers(clean, steered, prompts).item(), 6);
    const [p, q] = [clean.softmax().toTypedArray(), steered.softmax().toTypedArray()];
    for (const { id, clean, steered, text } of got.outcomes) {
      expect(clean).toBeCloseTo(p[id]!, 6);
      expect(steered).toBeCloseTo(q[id]!, 6);
      expect(text).toBe(model.needTokenizer("test").token(id));
    }
    expect(got.outcomes.slice(0, 2).map(({ id }) => id)).toEqual([correct, wrong]);
    const others = Array.from(p.keys()).filter((id) => id !== correct && id !== wrong);
    const top = (of: ArrayLike<number>) => [...others].sort((a, b) => of[b]! - of[a]!).slice(0, 8);
    expect(new Set(got.outcomes.slice(2).map(({ id }) => id))).toEqual(new Set([...top(p), ...top(q)]));
    expect(got.beyond).toBe(0);
  });

  test("without answers compares all tokens", async () => {
    const { outcomes, klOthers: kl, delta } = await engine.steer({ prompt, edit: { faders, beta: 1 }, top: 963 });
    expect(delta).toBeUndefined();
    expect(outcomes).toHaveLength(963);
    expect(kl).toBeCloseTo(
      outcomes.reduce((sum, { clean: p, steered: q }) => sum + p * Math.log(p / q), 0),
      6,
    );
    expect(outcomes.reduce((sum, { steered }) => sum + steered, 0)).toBeCloseTo(1, 6);
  });

  test("at β = 0 and with faders at 0 is the model as it is", async () => {
    for (const edit of [
      { faders, beta: 0 },
      { faders: faders.map((f) => ({ ...f, alpha: 0 })), beta: 1 },
    ]) {
      const { outcomes, klOthers: kl } = await engine.steer({ prompt, edit, answers });
      expect(kl).toBe(0);
      expect(outcomes.every(({ clean, steered }) => clean === steered)).toBe(true);
    }
  });

  test("counts faders beyond its end, and leaves them out", async () => {
    const beyond = [...faders, { site: "mlp_out" as const, layer: 0, position: 20, alpha: 1 }];
    const got = await engine.steer({ prompt, edit: { faders: beyond, beta: 1 } });
    expect(got.beyond).toBe(1);
    expect(got.outcomes).toEqual((await engine.steer({ prompt, edit: { faders, beta: 1 } })).outcomes);
  });

  test("that cannot be used, or edits and answers that cannot, are refused in a sentence", async () => {
    const at = (changes: Partial<FaderValue>): Edit => ({ faders: [{ ...faders[0]!, ...changes }], beta: 1 });
    const all = [
      await problem(engine.steer({ prompt: "", edit: none })),
      await problem(engine.steer({ prompt: prompt.repeat(2), edit: none })),
      await problem(engine.steer({ prompt, edit: none, answers: { correct: "Saskatchewan", wrong: "London" } })),
      await problem(engine.steer({ prompt, edit: none, answers: { correct: "Warsaw London", wrong: "London" } })),
      await problem(engine.steer({ prompt, edit: none, answers: { correct: " ", wrong: "London" } })),
      await problem(engine.steer({ prompt, edit: none, answers: { correct: "London", wrong: "London" } })),
      await problem(engine.steer({ prompt, edit: at({ layer: 3 }) })),
      await problem(engine.steer({ prompt, edit: at({ site: "z" }) })),
      await problem(engine.steer({ prompt, edit: at({ alpha: Number.NaN }) })),
      await problem(engine.steer({ prompt, edit: { faders: [faders[0]!, faders[0]!], beta: 1 } })),
      await problem(engine.steer({ prompt, edit: { faders, beta: Number.NaN } })),
      await problem(engine.steer({ prompt, edit: { ...none, carried: "x" } })),
      await problem(engine.steer({ prompt, edit: at({ alpha: 1e38 }) })),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "EngineError: The prompt is empty.
        Type a text.

      EngineError: The prompt has 40 tokens, and "capitals" reads at most 32.
        Shorten it by 8.

      TokenError: The answer " Saskatchewan" is not in the vocabulary.
        Use another word.

      TokenError: The answer " Warsaw London" is 2 tokens, not one.
        pieces: " Warsaw" " London"
        Use another word.

      EngineError: An answer is empty.
        Type a word, or leave both answers out.

      EngineError: Both answers are "London".
        Give two different words.

      EngineError: There is no fader blocks.3.mlp_out at 3.
        "capitals" has blocks 0 to 2 with resid_pre, attn_out, resid_mid, mlp_out, resid_post.

      EngineError: There is no fader blocks.1.z at 3.
        "capitals" has blocks 0 to 2 with resid_pre, attn_out, resid_mid, mlp_out, resid_post.

      EngineError: The fader blocks.1.mlp_out at 3 is set to NaN.
        Set it to a finite number.

      EngineError: The fader blocks.1.mlp_out at 3 is given twice.

      ArgumentError: interventions: beta is NaN
        Use finite numbers.

      EngineError: This intervention belongs to a model that is no longer open.
        handle: x
        Learn or read it again.

      EngineError: The model's answer is no longer a number.
        Turn the faders down: they push activations too far."
    `);
  });
});

describe("generation", () => {
  const collect = async (edit: Edit, maxTokens = 8, of = engine) => {
    const texts = { clean: "", steered: "" };
    const isWhole = await of.generate({ prompt, edit, maxTokens }, (side, text) => {
      texts[side] += text;
    });
    return { ...texts, isWhole };
  };

  test("is what the library generates, on both sides", async () => {
    const beta = -1;
    const interventions = mapOf(faders, model.encode(prompt).length);
    expect(await collect({ faders, beta })).toEqual({
      isWhole: true,
      clean: generate(model, prompt, { maxTokens: 8 }),
      steered: generate(model, prompt, { maxTokens: 8, interventions, beta }),
    });
  });

  test("ends when another one follows, or when it is stopped", async () => {
    const first = collect(none, 10);
    const second = collect(none, 10);
    expect((await first).isWhole).toBe(false);
    expect((await second).isWhole).toBe(true);
    const third = collect(none, 10);
    await engine.stopGenerating();
    expect((await third).isWhole).toBe(false);
  });

  test("reports what went wrong", async () => {
    const call = engine.generate({ prompt, edit: none, maxTokens: -1 }, () => {});
    expect(await problem(call)).toContain("maxTokens is -1");
  });
});

describe("looking inside", () => {
  test("attention and lens are those of the library, before and after", async () => {
    const ids = model.encode(prompt);
    const edited = { interventions: mapOf(faders, ids.length), beta: 0.5 };
    const seen = await engine.attention({ prompt, edit: { faders, beta: 0.5 }, layer: 1 });
    for (const [side, options] of Object.entries({ clean: {}, steered: edited })) {
      const want = attentionPatterns(model, ids, { ...options, layers: [1] });
      expect(seen[side as "clean"]).toEqual([0, 1, 2, 3].map((head) => want.head(1, head)));
    }
    expect(seen.tokens).toEqual(model.tokens(prompt));
    const lens = await engine.lens({ prompt, edit: { faders, beta: 0.5 }, answers });
    expect(lens.places).toEqual(["blocks.0.resid_pre", ...[0, 1, 2].map((l) => `blocks.${l}.resid_post`)]);
    const single = (word: string) => model.needTokenizer("test").single(word);
    const want = logitLens(model, ids, { ...edited, tokens: [single(" Warsaw"), single(" London")] });
    const cell = want.places[3]!.cells[19]!;
    expect(lens.steered[3]![19]).toEqual({
      text: cell.top[0]!.token,
      probability: cell.top[0]!.probability,
      correct: cell.tokens[0]!.probability,
      wrong: cell.tokens[1]!.probability,
    });
    expect(lens.clean[3]![19]!.probability).not.toBe(lens.steered[3]![19]!.probability);
    expect(await problem(engine.attention({ prompt, edit: none, layer: 3 }))).toContain("SiteError");
  });
});

const quick: LearnRequest = {
  task: { kind: "ccc" },
  method: "scalars",
  sites: ["attn_out", "mlp_out"],
  faithfulness: 0.5,
  minimality: 1,
  steps: 12,
  seed: 1,
};

describe("learning", () => {
  const directly = (request: LearnRequest) => {
    const own = settingsFor(request.method, {});
    return learn(request.method, model, countryCapitals(model, { seed: request.seed }).train, {
      ...{ sites: request.sites, steps: request.steps, seed: request.seed, faithfulnessWeight: request.faithfulness },
      minimality: own.minimality * request.minimality,
      groupMinimality: own.groupMinimality * request.minimality,
    });
  };

  test.each(["scalars", "vectors"] as const)("%s gives what the library learns and measures", async (method) => {
    const own = createEngine();
    await own.open({ kind: "built-in" });
    const request = { ...quick, method, minimality: 0.5 };
    const reports: LearnProgress[] = [];
    const got = (await own.learn(request, (report) => reports.push(report)))!;
    const want = await directly(request);
    const { test: held, split } = countryCapitals(model, { seed: 1 });
    const metrics = evaluate(model, held, want);
    expect(got.comparison).toMatchObject([{ handle: got.handle, method, sites: quick.sites }]);
    const shown = measuresIn("playground");
    expect(got.comparison[0]!.cells).toEqual(
      shown.map(({ name, label, narrowLabel = label, title, says = title, isBelow = false, format, over }) => {
        const value = metrics[name as keyof typeof metrics];
        return {
          name,
          label: narrowLabel,
          says,
          isBelow,
          value,
          text: format[over === "run" ? "report" : "text"](value),
        };
      }),
    );
    const dial = betaDial(model, held.slice(0, 32), want);
    expect(got.dial.betas).toEqual(dial.map(({ beta }) => beta));
    for (const name of ["correct", "wrong", "others", "delta"] as const) {
      got.dial[name].forEach((value, i) => void expect(value).toBeCloseTo(dial[i]![name], 6));
    }
    const places = want.activeLocations();
    const asFaders = places.map(({ value: alpha, ...place }) => ({ ...place, alpha }));
    expect(got.places).toEqual(places);
    expect(got.faders).toEqual(method === "scalars" ? asFaders : []);
    expect(got).toMatchObject({ split, steps: 12, method, example: got.examples[0] });
    expect(got.examples).toHaveLength(24);
    expect(got.examples[0]!.prompt).toBe(held[0]!.text);
    expect(reports.at(-1)).toMatchObject({ step: 12, steps: 12, places });
    expect(reports.length).toBeLessThan(12);
    expect(interventionFromBytes(await own.carriedBytes(got.handle), model).activeParameters).toBe(
      metrics.activeParameters,
    );
    await carriedIsTurned(own, got, want);
  });

  /** Carrying by handle, and for scalars setting the faders by hand, is what the library computes. */
  async function carriedIsTurned(
    own: Engine,
    got: { handle: string; faders: FaderValue[] },
    want: LearnedIntervention,
  ) {
    const example = countryCapitals(model, { seed: 1 }).test[0]!;
    const [logits] = logitsAt(model, [example.ids], want.at(1), [0.6]);
    const probabilities = logits!.softmax().toTypedArray();
    const edits: Edit[] = [{ faders: [], beta: 0.6, carried: got.handle }];
    if (got.faders.length > 0) edits.push({ faders: got.faders, beta: 0.6 });
    for (const edit of edits) {
      const { outcomes } = await own.steer({ prompt: example.text, edit });
      for (const { id, steered } of outcomes) expect(steered).toBeCloseTo(probabilities[id]!, 6);
    }
  }

  test("dynamic scalars are learned on several lengths, and compared on the same prompts as the others", async () => {
    const own = createEngine();
    await own.open({ kind: "built-in" });
    for (const kind of ["ccc", "ioi"] as const) {
      const first = (await own.learn({ ...quick, task: { kind } }, () => {}))!;
      const got = (await own.learn({ ...quick, task: { kind }, method: "dynamic" }, () => {}))!;
      expect(got.split).toContain("wordings of");
      expect(got.comparison.map(({ handle }) => handle)).toEqual([first.handle, got.handle]);
      expect(got.faders).toEqual([]);
      expect(got.places.every(({ position }) => position === undefined)).toBe(true);
      const lengths = await Promise.all(got.examples.map(async (e) => (await own.tokens(e.prompt)).length));
      expect(new Set(lengths).size).toBeGreaterThan(1);
      for (const { prompt, ...answers } of got.examples.slice(0, 4)) {
        const edit = { faders: [], beta: 1, carried: got.handle };
        expect((await own.steer({ prompt, edit, answers })).klOthers).toBeGreaterThan(0);
      }
    }
    const other = (await own.learn({ ...quick, seed: 2 }, () => {}))!;
    expect(other.comparison).toHaveLength(1);
  });

  const shared = countryCapitalsPrompts();
  function countryCapitalsPrompts() {
    const word = (text: string, correct: string, wrong: string) => ({ text, correct, wrong });
    return [
      word("The capital of Poland is London.\nQ: What is the capital of Poland?\nA:", "Warsaw", "London"),
      word("The capital of Austria is Tokyo.\nQ: What is the capital of Austria?\nA:", "Vienna", "Tokyo"),
      word("The capital of Turkey is Paris.\nQ: What is the capital of Turkey?\nA:", "Ankara", "Paris"),
      word("The capital of France is Rome.\nQ: What is the capital of France?\nA:", "Paris", "Rome"),
      word("The capital of Italy is Vienna.\nQ: What is the capital of Italy?\nA:", "Rome", "Vienna"),
      word("The capital of Spain is Warsaw.\nQ: What is the capital of Spain?\nA:", "Madrid", "Warsaw"),
      word("The capital of Japan is Saskatchewan.\nQ: What is the capital of Japan?\nA:", "Tokyo", "Saskatchewan"),
    ];
  }

  test("one's own prompts are a task, and what is left out of them is said", async () => {
    for (const method of ["scalars", "dynamic"] as const) {
      const got = (await engine.learn({ ...quick, method, task: { kind: "own", prompts: shared } }, () => {}))!;
      expect(got.warnings.join()).toContain("Saskatchewan");
      expect(shared.map(({ text }) => text)).toContain(got.example.prompt);
    }
    const [first] = shared;
    const few = engine.learn({ ...quick, task: { kind: "own", prompts: [first!] } }, () => {});
    expect(await problem(few)).toContain("1 group of prompts cannot be split");
    const empty = engine.examples({ kind: "own", prompts: [{ text: "", correct: "a", wrong: "b" }] });
    expect(await problem(empty)).toContain("prompt 0 has no text");
  });

  test("examples are held-out prompts", async () => {
    const given = await engine.examples({ kind: "ccc" });
    const held = countryCapitals(model, { seed: 0 }).test;
    expect(given.map((e) => e.prompt)).toEqual(held.slice(0, 24).map(({ text }) => text));
    for (const { prompt, ...answers } of given) await engine.steer({ prompt, edit: none, answers });
  });

  test("can be cancelled at any time, lets other calls in, and leaves a working engine", async () => {
    const own = createEngine();
    await own.open({ kind: "built-in" });
    const before = await own.steer({ prompt, edit: { faders, beta: 1 }, answers });
    let reports = 0;
    const started = performance.now();
    const running = own.learn({ ...quick, steps: 100_000, minimality: 0 }, () => void reports++);
    let steered = 0;
    while (performance.now() - started < 700) {
      const { outcomes } = await own.steer({ prompt, edit: { faders, beta: 1 }, answers });
      expect(outcomes).toEqual(before.outcomes);
      steered++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await own.cancelLearning();
    expect(await running).toBeUndefined();
    expect(steered).toBeGreaterThan(3);
    expect(reports).toBeGreaterThan(0);
    expect(reports).toBeLessThan(14);
    expect((await own.learn(quick, () => {}))!.comparison).toHaveLength(1);
    // While it is measured, too: the last report comes before that.
    const late = own.learn(quick, ({ step }) => {
      if (step === 12) void own.cancelLearning();
    });
    expect(await late).toBeUndefined();
  });

  test("ends when another one follows, and when another model is opened", async () => {
    const own = createEngine();
    await own.open({ kind: "built-in" });
    const first = own.learn({ ...quick, steps: 100_000, minimality: 0 }, () => {});
    const second = own.learn(quick, () => {});
    expect(await first).toBeUndefined();
    const { handle } = (await second)!;
    const third = own.learn({ ...quick, steps: 100_000, minimality: 0 }, () => {});
    await own.open({ kind: "built-in" });
    expect(await third).toBeUndefined();
    expect(await problem(own.carriedBytes(handle))).toContain("no longer open");
  });

  test("everything pressed to 0 is a warning, settings out of range are refused", async () => {
    const got = (await engine.learn({ ...quick, minimality: 1000 }, () => {}))!;
    expect(got.faders).toEqual([]);
    expect(got.warnings.join()).toContain("less minimality");
    const refused = [
      await problem(engine.learn({ ...quick, sites: ["z"] }, () => {})),
      await problem(engine.learn({ ...quick, sites: [] }, () => {})),
      await problem(engine.learn({ ...quick, minimality: -1 }, () => {})),
      await problem(engine.learn({ ...quick, steps: 0 }, () => {})),
      await problem(engine.learn({ ...quick, task: { kind: "no" } as never }, () => {})),
      await problem(engine.learn({ ...quick, method: "no" as never }, () => {})),
    ];
    expect(refused.join("\n\n")).toMatchInlineSnapshot(`
      "EngineError: "capitals" has no faders at z.
        It has them at resid_pre, attn_out, resid_mid, mlp_out, resid_post.

      ArgumentError: learn: no sites given
        For instance ["mlp_out"].

      EngineError: The minimality is -1.
        Use a number of 0 or more.

      ArgumentError: learn: steps is 0
        Use 1 or more.

      EngineError: There is no task "no".
        Choose ccc, ioi or own.

      ArgumentError: learn: no kind "no"
        Valid: scalars, vectors, dynamic."
    `);
  });
});

describe("intervention files", () => {
  test("faders go out and come back, at β = 1", async () => {
    const { name, bytes } = await engine.exportIntervention(prompt, { faders, beta: 0.3 });
    expect(name).toBe("capitals.fader.safetensors");
    const back = await engine.importIntervention(name, bytes);
    const order = (list: readonly FaderValue[]) => [...list].sort((a, b) => a.position - b.position);
    expect(order(back.faders).map((f) => ({ ...f, alpha: Math.fround(f.alpha) }))).toEqual(
      order(faders).map((f) => ({ ...f, alpha: Math.fround(f.alpha) })),
    );
    expect(back).toMatchObject({ method: "scalars", tokens: model.tokens(prompt) });
    expect(back.description).toBe("Scalars, set by hand: 3 of 120 numbers not 0");
    const learned = interventionFromBytes(bytes, model);
    expect(learned.provenance).toMatchObject({ task: "playground", seed: 0, steps: 0, settings: {} });
    const turned = await engine.steer({ prompt, edit: { faders, beta: 1 } });
    const carried = await engine.steer({ prompt, edit: { faders: [], beta: 1, carried: back.handle } });
    carried.outcomes.forEach(({ id, steered }, i) => {
      expect(id).toBe(turned.outcomes[i]!.id);
      expect(steered).toBeCloseTo(turned.outcomes[i]!.steered, 6);
    });
  });

  test("what is carried goes out as it came; both at once, or nothing, do not", async () => {
    const bytes = await vectorsOn(20);
    const { handle, faders: own, places, method, tokens } = await engine.importIntervention("v.safetensors", bytes);
    expect({ own, method }).toEqual({ own: [], method: "vectors" });
    expect(places.length).toBeGreaterThan(0);
    expect(tokens).toHaveLength(20);
    const carried = { faders: [], beta: 1, carried: handle };
    expect(await engine.exportIntervention(prompt, carried)).toEqual({ name: "v.safetensors", bytes });
    expect(await engine.carriedBytes(handle)).toEqual(bytes);
    const all = [
      await problem(engine.exportIntervention(prompt, { ...carried, faders })),
      await problem(engine.exportIntervention(prompt, none)),
      await problem(engine.exportIntervention("Q:", { faders, beta: 1 })),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "EngineError: A file holds one intervention, and here are two: the faders, and the vectors of "v.safetensors".
        Reset the faders to save the vectors, or take the vectors off to save the faders.

      EngineError: No fader of this prompt is turned.
        Turn one first.

      EngineError: No fader of this prompt is turned.
        Turn one first."
    `);
  });

  test("faders multiply what a carried intervention leaves", async () => {
    const bytes = await vectorsOn(20);
    const { handle } = await engine.importIntervention("v", bytes);
    const ids = model.encode(prompt);
    const [vectors, scalars] = [interventionFromBytes(bytes, model).at(1), mapOf(faders, ids.length)];
    const interventions = {
      attn_out: [vectors.attn_out!, scalars.attn_out!].flat(),
      mlp_out: [vectors.mlp_out!, scalars.mlp_out!].flat(),
    };
    const want = model.forward(ids, { interventions, beta: -0.4, positions: "last" }).logits.softmax().toTypedArray();
    const { outcomes } = await engine.steer({ prompt, edit: { faders, beta: -0.4, carried: handle } });
    for (const { id, steered } of outcomes) expect(steered).toBeCloseTo(want[id]!, 6);
  });

  test("vectors that are tied to more tokens than a prompt has are refused in plain words", async () => {
    const { handle } = await engine.importIntervention("v", await vectorsOn(20));
    const edit = { faders: [], beta: 1, carried: handle };
    const short = "The capital of Poland is";
    const refused = await problem(engine.steer({ prompt: short, edit }));
    expect(refused).toMatchInlineSnapshot(`
      "EngineError: These vectors are tied to the first 20 tokens of a prompt, and this prompt has 5.
        Use a prompt of 20 tokens or more, or take them off."
    `);
    expect(await problem(engine.generate({ prompt: short, edit, maxTokens: 2 }, () => {}))).toBe(refused);
    expect(await problem(engine.lens({ prompt: short, edit }))).toBe(refused);
    await engine.steer({ prompt: `${prompt} Warsaw.`, edit });
  });

  test("scalars for all positions, and maps of other formats, are carried", async () => {
    const task = countryCapitals(model);
    const everywhere = await learn("scalars", model, task.train, { steps: 3, positions: "all", minimality: 0 });
    const imported = await engine.importIntervention("all", everywhere.toBytes());
    expect(imported).toMatchObject({ faders: [], tokens: [] });
    expect(imported.places.map(({ position }) => position)).toEqual(new Array(6).fill(undefined));
    const map = { "blocks.1.mlp_out": scale(tensor([0.5, -2])), "blocks.2.resid_post": add(3) };
    const direction = { "blocks.1.resid_post": add(tensor(new Float32Array(64).fill(0.5))) };
    for (const [format, given, places] of [
      ["npz", map, [3, 2, 0.5]],
      ["safetensors", map, [3, 2, 0.5]],
      ["gguf", direction, [4]],
    ] as const) {
      const bytes = exportIntervention(given, model, { format });
      const read = await engine.importIntervention(`map.${format}`, bytes);
      expect(read.places.map(({ value }) => value)).toEqual(places);
      const { logits } = model.forward(model.encode(prompt), { interventions: given, positions: "last" });
      const want = logits.softmax().toTypedArray();
      const { outcomes } = await engine.steer({ prompt, edit: { faders: [], beta: 1, carried: read.handle } });
      for (const { id, steered } of outcomes) expect(steered).toBeCloseTo(want[id]!, 6);
    }
  });

  test("of another model is the library's error", async () => {
    const other = tinyModel({ n_layer: 3, n_head: 4, n_embd: 64, vocab_size: 963, n_positions: 32 });
    const task = countryCapitals(model).train.slice(0, 4);
    const learned = await learn("scalars", other, task, { steps: 1 });
    const said = await problem(engine.importIntervention("other.safetensors", learned.toBytes()));
    expect(said).toContain('CheckpointError: other.safetensors: learned on another model than "capitals"');
  });

  test("that is damaged anywhere is always a problem, or reads as what it says", async () => {
    const good = (await engine.exportIntervention(prompt, { faders, beta: 1 })).bytes;
    const length = 8 + Number(new DataView(good.buffer, good.byteOffset).getBigUint64(0, true));
    const wrong: Uint8Array[] = [
      new Uint8Array(0),
      new Uint8Array([1, 2, 3]),
      new TextEncoder().encode("GGUF\0\0\0\0"),
    ];
    for (let at = 0; at < length; at += 3) {
      const bytes = good.slice();
      bytes[at]! ^= 1 << (at % 8);
      wrong.push(bytes, good.slice(0, at));
    }
    let refused = 0;
    for (const bytes of wrong) {
      const said = await problem(engine.importIntervention("bad", bytes));
      expect(said).not.toMatch(/^Unexpected/);
      if (!said.startsWith("nothing")) refused++;
    }
    expect(refused).toBeGreaterThan(wrong.length / 2);
    expect((await engine.importIntervention("good", good)).faders).toHaveLength(3);
  });
});
