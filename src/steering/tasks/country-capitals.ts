import { Random } from "../../autograd";
import type { Model } from "../../nn";
import { capitalOf, capitals, countries } from "./country-facts";
import { checkWording, type TaskFamily } from "./family";
import {
  type ConflictForm,
  cccPrompt,
  conflictForms,
  isHeldOutConflict,
  randomFacts,
  randomIndirectObject,
  textOf,
} from "./sentences";
import { assemble, type Draft, type Task, type TaskOptions } from "./task";

/** How country-capital conflicts are built. */
export interface CountryCapitalsOptions extends TaskOptions {
  /** How the conflict is asked. Default `qa`. */
  form?: ConflictForm;
}

/**
 * CCC: the context names a capital that clashes with what the model knows. `correct` is the capital that the model
 * knows, `wrong` the one in the context. Split by country; capitals of held-out countries appear only in test prompts,
 * in combinations that the built-in model never trained on.
 */
export function countryCapitals(model: Model, options: CountryCapitalsOptions = {}): Task {
  const { seed = 0, testShare = 0.3, perGroup = 4, form = "qa" } = options;
  checkWording("countryCapitals", countryCapitalsFamily.wording, form);
  const random = new Random(seed);
  // Two countries may share a capital; splitting by capital keeps both on one side.
  const order = random.shuffle(capitals);
  const held = new Set(order.slice(0, Math.round(order.length * testShare)));
  const build = (isTest: boolean): Draft[] => {
    const side = countries.filter((country) => held.has(capitalOf(country)) === isTest);
    const others = capitals.filter((capital) => held.has(capital) === isTest);
    return side.flatMap((country) => {
      const known = capitalOf(country);
      const fitting = others.filter((o) => o !== known && (!isTest || isHeldOutConflict(country, o)));
      const drawn = random.shuffle(fitting).slice(0, perGroup);
      return drawn.map((other) => ({
        text: cccPrompt(country, other, form),
        correct: known,
        wrong: other,
        group: country,
      }));
    });
  };
  return assemble(model, {
    name: countryCapitalsFamily.name,
    description: "Country-capital conflicts: the context names another capital than the one that the model knows.",
    train: build(false),
    test: build(true),
    splitBy: "countries",
  });
}

/** CCC as data. */
export const countryCapitalsFamily: TaskFamily<"ccc", "form", ConflictForm, CountryCapitalsOptions> = {
  name: "ccc",
  summary: "country-capital conflicts",
  title: "Capitals",
  question: "The capital that the model knows, or the one that the prompt claims?",
  wording: {
    option: "form",
    help: "how a ccc prompt asks",
    several: "ccc forms",
    all: conflictForms,
    usual: "qa",
    // By length on the built-in model every second one: 12, 20 and 24 of 12-25 tokens.
    trainOn: ["open", "qa", "news"],
  },
  lists: {},
  unrelated: [(random) => textOf(...randomFacts(random)), (random) => textOf(randomIndirectObject(random))],
  build: countryCapitals,
};
