import { addBake } from "./bake";
import { addCompare } from "./compare";
import { addDemo } from "./demo";
import { addDial } from "./dial";
import { addExport } from "./export";
import { addForward } from "./forward";
import { addGenerate } from "./generate";
import { addInfo } from "./info";
import { addInspect } from "./inspect";
import { addLearn } from "./learn";
import { addReport } from "./report";
import { addSweep } from "./sweep";

/** Every command, in the order in which help lists them. */
export const commands = [
  addDemo,
  addCompare,
  addSweep,
  addReport,
  addLearn,
  addGenerate,
  addForward,
  addInspect,
  addDial,
  addExport,
  addBake,
  addInfo,
];
