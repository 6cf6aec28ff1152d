import { type Command, InvalidArgumentError } from "commander";
import { type Interventions, type Model, nextTokens } from "../nn";
import { attentionPatterns, directLogitAttribution, logitLens } from "../steering";
import { type ModelOptions, open, withModel } from "./model-options";
import { openMap } from "./open-intervention";
import { lineBreaks, number, printJson, withJson } from "./shared";

interface Options extends ModelOptions {
  lens?: boolean;
  attribution?: boolean;
  attention?: Head | true;
  correct?: string;
  wrong?: string;
  intervention?: string;
  beta: number;
  json?: boolean;
}
interface Head {
  layer: number;
  head: number;
}

/** `fader inspect`: what happens inside the model on a prompt, before and after an intervention. */
export function addInspect(program: Command): void {
  withJson(withModel(program.command("inspect").description("look inside the model on a prompt")))
    .argument("<prompt>", "the text to read; \\n stands for a line break")
    .option("--lens", "what the model would say if it ended after each block (the default)")
    .option("--attribution", "what each part adds to logit(correct) − logit(wrong)")
    .option(
      "--attention [layer.head]",
      "which tokens a head reads, e.g. 1.0; without a head, the most read of each",
      head,
    )
    .option("--correct <word>", "the answer to follow (default: the likeliest next token)")
    .option("--wrong <word>", "the other answer (default: the next likeliest)")
    .option("--intervention <file>", "also look with this: a saved intervention, or a .gguf, .npz or .safetensors map")
    .option("--beta <x>", "how far to turn it", number, 1)
    .addHelpText(
      "after",
      "\nExample:\n  $ fader inspect 'The capital of Poland is London.\\nQ: What is the capital of Poland?\\nA:' \\\n" +
        "      --attribution --correct Warsaw --wrong London",
    )
    .action(run);
}

async function run(given: string, options: Options): Promise<void> {
  const model = await open(options);
  const prompt = lineBreaks(given);
  const ids = model.encode(prompt);
  const answers = answersOf(model, ids, options);
  const { intervention, beta } = options;
  const views = [{ title: "as it is", ...look(model, ids, answers, options, {}) }];
  if (intervention !== undefined) {
    const interventions = await openMap(intervention, model);
    views.push({ title: `with ${intervention} at β = ${beta}`, ...look(model, ids, answers, options, interventions) });
  }
  if (options.json) {
    const [before, after] = views.map(({ data }) => data);
    printJson({
      prompt,
      tokens: ids.map((id) => model.needTokenizer("inspect").token(id)),
      before,
      ...(after && { beta, after }),
    });
    return;
  }
  const isOne = views.length === 1;
  console.log(
    views.map(({ title, texts }) => [...(isOne ? [] : [`── ${title} ──`]), ...texts].join("\n\n")).join("\n\n"),
  );
}

/** What was asked for, as data and as text. */
function look(model: Model, ids: number[], answers: Answers, options: Options, interventions: Interventions) {
  const { attribution, attention, beta } = options;
  const edits = { interventions, beta };
  const data: Record<string, unknown> = {};
  const texts: string[] = [];
  if (options.lens || !(attribution || attention)) {
    const lens = logitLens(model, ids, { ...edits, tokens: [answers.correct, answers.wrong] });
    data.lens = lens;
    texts.push(lens.toString());
  }
  if (attribution) {
    const terms = directLogitAttribution(model, ids, { ...edits, ...answers });
    data.attribution = terms;
    texts.push(terms.toString());
  }
  if (attention) {
    const patterns = attentionPatterns(model, ids, {
      ...edits,
      ...(attention !== true && { layers: [attention.layer] }),
    });
    data.attention =
      attention === true ? patterns : { ...attention, pattern: patterns.head(attention.layer, attention.head) };
    texts.push(attention === true ? patterns.toString() : patterns.heatMap(attention.layer, attention.head));
  }
  return { data, texts };
}

interface Answers {
  correct: number;
  wrong: number;
}

/** Words follow a space. What is not given is the likeliest token of the model as it is that is not the other answer. */
function answersOf(model: Model, ids: number[], options: Options): Answers {
  const word = (text: string | undefined) =>
    text === undefined ? undefined : model.needTokenizer("inspect").single(` ${text}`);
  const likeliest = nextTokens(model, ids, { count: 3 }).map(({ id }) => id);
  const [correctGiven, wrongGiven] = [word(options.correct), word(options.wrong)];
  const correct = correctGiven ?? likeliest.find((id) => id !== wrongGiven)!;
  return { correct, wrong: wrongGiven ?? likeliest.find((id) => id !== correct)! };
}

function head(text: string): Head {
  const match = /^(\d+)\.(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`"${text}" is not a block and a head, such as 1.0.`);
  return { layer: Number(match[1]), head: Number(match[2]) };
}
