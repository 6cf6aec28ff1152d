import { importIntervention, interventionFromBytes, LearnedIntervention, tensor } from "fader";
import { readSafetensors } from "fader/nn";
import { type Edit, EngineError, type Imported } from "../protocol";
import { alphasOf } from "./edit";
import { engineErrorOf, refusal } from "./engine-error";
import { fadersOf, placesOfMap } from "./places";
import type { Session } from "./session";

/** Reads a saved intervention, a GGUF control vector, or a map by names (`.npz`, safetensors). */
export async function importFile(session: Session, fileName: string, given: Uint8Array): Promise<Imported> {
  // A copy: what the caller does with its bytes must not change what is kept.
  const bytes = given.slice();
  return isSaved(bytes, fileName) ? readSaved(session, fileName, bytes) : readMap(session, fileName, bytes);
}

/** Whether it is a file of `LearnedIntervention`, of whatever version. */
function isSaved(bytes: Uint8Array, source: string): boolean {
  const isSafetensors = bytes[8] === 0x7b;
  return isSafetensors && /^fader-intervention\//.test(String(readSafetensors(bytes, source).metadata.format));
}

function readSaved(session: Session, fileName: string, bytes: Uint8Array): Imported {
  const learned = fitting(() => interventionFromBytes(bytes, session.model, { source: fileName }));
  const { kind: method, provenance, activeParameters, parameterCount } = learned;
  const { task, seed, steps } = provenance;
  const origin = steps === 0 ? "set by hand" : `learned on "${task}" in ${steps} steps with seed ${seed}`;
  const many = parameterCount === 1 ? "number" : "numbers";
  return {
    handle: session.keep({ kind: method, map: learned.at(1), bytes, fileName }),
    method,
    faders: fadersOf(learned),
    places: learned.activeLocations(),
    description: `${named[method]}, ${origin}: ${activeParameters} of ${parameterCount} ${many} not 0`,
    tokens: learned.hasPositions ? provenance.tokens.map(String) : [],
  };
}

/** The library's hint for a file of another model is an option of its function: here there is none. */
function fitting<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const said = engineErrorOf(error);
    if (!/force: true/.test(said.hint ?? "")) throw error;
    throw new EngineError({ ...said, hint: "Open that model first." });
  }
}

const named = { scalars: "Scalars", vectors: "Vectors", dynamic: "Dynamic scalars" };

/** A map can hold edits of several kinds: it counts as what most of its places are. */
async function readMap(session: Session, fileName: string, bytes: Uint8Array): Promise<Imported> {
  const map = await importIntervention(bytes, session.model, { source: fileName });
  const kinds = Object.values(map).flatMap((edits) => [edits].flat().map(({ kind }) => kind));
  const of = (kind: string) => kinds.filter((other) => other === kind).length;
  const method = of("dynamic") * 2 > kinds.length ? "dynamic" : of("scale") * 2 > kinds.length ? "scalars" : "vectors";
  const places = placesOfMap(map, session.model);
  return {
    handle: session.keep({ kind: method, map, bytes, fileName }),
    method,
    faders: [],
    places,
    description: `A map of ${kinds.length} ${kinds.length === 1 ? "edit" : "edits"}: ${[...new Set(kinds)].join(", ")}`,
    tokens: [],
  };
}

/**
 * What is turned, as a file: the faders at the tokens of the prompt, or the file of what is carried. Faders beyond the end
 * of the prompt turn nothing, and are not in it.
 */
export function exportEdit(session: Session, prompt: string, edit: Edit): { name: string; bytes: Uint8Array } {
  const { model, info } = session;
  const ids = session.idsToRun(prompt);
  const { maps } = alphasOf(edit.faders, session, ids.length);
  if (edit.carried !== undefined) {
    const { kind, fileName, bytes } = session.find(edit.carried);
    if (maps.size === 0) return { name: fileName, bytes: bytes.slice() };
    throw refusal(
      `A file holds one intervention, and here are two: the faders, and the ${kind} of "${fileName}".`,
      `Reset the faders to save the ${kind}, or take the ${kind} off to save the faders.`,
    );
  }
  if (maps.size === 0) throw refusal("No fader of this prompt is turned.", "Turn one first.");
  const parameters = [...maps].map(([site, alpha]) => {
    return [site, { alpha: tensor(alpha, { shape: [info.n_layers, ids.length] }) }] as const;
  });
  const made = new LearnedIntervention("scalars", Object.fromEntries(parameters), {
    task: "playground",
    model: model.name,
    fingerprint: info.fingerprint,
    tokens: ids.map((id) => session.token(id).text),
    seed: 0,
    settings: {},
    steps: 0,
  });
  return { name: `${info.name.split("/").at(-1)}.fader.safetensors`, bytes: made.toBytes() };
}
