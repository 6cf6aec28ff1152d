import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import { type ConflictForm, cccPrompt, conflictForms, isHeldOutConflict } from "./corpus/corpus";
import { capitalOf, capitals, countries } from "./corpus/facts";
import { assemble, type Draft, type Task, type TaskOptions } from "./task";

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
  if (!conflictForms.includes(form)) {
    throw new ArgumentError("countryCapitals", `no form "${form}"`, { hint: `Valid: ${conflictForms.join(", ")}.` });
  }
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
    name: "ccc",
    description: "Country-capital conflicts: the context names another capital than the one that the model knows.",
    train: build(false),
    test: build(true),
    splitBy: "countries",
  });
}
