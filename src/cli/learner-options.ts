import { type Command, InvalidArgumentError, Option } from "commander";
import { type Site, sites } from "../nn";
import { type LearnOptions, learnOptions } from "../steering/learn/options";
import { integer, number } from "./shared";
import { type TaskOptions, withTask } from "./task-options";

type Name = keyof LearnOptions;

/** Options of commands that learn: which task, and how. */
export interface LearnerOptions extends TaskOptions, Pick<LearnOptions, Exclude<Name, "task" | "seed">> {}

const flags = (Object.keys(learnOptions) as Name[]).filter((name) => learnOptions[name].help !== undefined);

/** Adds `withTask`'s options and one for each option of the learners that has a help text: `--batch-size`. */
export function withLearning(command: Command): Command {
  return flags.reduce((all, name) => all.addOption(optionFor(name)), withTask(command));
}

function optionFor(name: Name): Option {
  const { type, help, default: usual } = learnOptions[name];
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (type === "flag") return new Option(flag, help);
  if (type === "integer") return new Option(`${flag} <n>`, help).argParser(integer);
  if (type === "number") return new Option(`${flag} <x>`, help).argParser(number);
  const shared = typeof usual === "function" ? undefined : usual;
  if (type === "list") return new Option(`${flag} <list>`, help).argParser(siteList).default(shared, String(shared));
  return new Option(`${flag} <kind>`, help).choices(type as readonly string[]).default(shared);
}

function siteList(text: string): Site[] {
  return text.split(",").map((name) => {
    const site = sites.find((known) => known === name.trim());
    if (site === undefined) throw new InvalidArgumentError(`no site "${name}". Sites: ${sites.join(", ")}.`);
    return site;
  });
}

/** What a learner takes from the command line. */
export function learnerOptions(options: LearnerOptions): LearnOptions {
  const given = Object.fromEntries(flags.map((name) => [name, options[name]]));
  return { ...given, seed: options.seed };
}
