#!/usr/bin/env node
import { Command } from "commander";
import { FaderError } from "../autograd";
import { commands } from "./commands";
import { version } from "./version";

const program = new Command("fader")
  .description("Steer and interpret language models by turning faders: strengths of activations inside the model.")
  .version(version)
  .showHelpAfterError("(fader --help shows the commands)")
  .addHelpText("after", "\nExample:\n  $ fader demo        # the whole experiment in under a minute");
for (const add of commands) add(program);

try {
  await program.parseAsync();
} catch (error) {
  // What a user can mend is said in a sentence; anything else is our bug and shows where it happened.
  if (error instanceof FaderError) console.error(`${error.name}: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}
