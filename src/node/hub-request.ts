import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { listModels } from "@huggingface/hub";
import { HubError } from "../hub/errors";
import { patientFetch } from "../io/retry";
import { nearest } from "../tensor/internal";

/** One model at one revision on one hub. */
export interface HubModel {
  /** `owner/model`. */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Base URL without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
}

/** `HF_ENDPOINT`, or the public hub. */
export function defaultEndpoint(): string {
  return process.env.HF_ENDPOINT || "https://huggingface.co";
}

/** `HF_TOKEN`, or the token that was stored by logging in, as Hugging Face's own tools have it. */
export async function defaultToken(): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_TOKEN) return HF_TOKEN.trim();
  const home = HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "huggingface");
  const stored = await readFile(HF_TOKEN_PATH ?? join(home, "token"), "utf8").catch(() => "");
  return stored.trim() || undefined;
}

/**
 * `fetch` for one model: with the token, which only its own hub gets. Throws `HubError` for anything but success, or a
 * range that is not there (416).
 */
export function hubFetch(model: HubModel): typeof fetch {
  const send = sender(model);
  return async (input, init) => {
    const response = await send(input, init);
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw await refusal(model, response);
  };
}

function sender(model: HubModel, attempts?: number): typeof fetch {
  const send = patientFetch({
    ...(attempts && { attempts }),
    lost: (reason, attempts) =>
      new HubError(model.name, `${model.endpoint} cannot be reached`, {
        details: { reason, attempts },
        hint: "A download goes on where it broke off. What is in the cache loads with offline: true (HF_HUB_OFFLINE=1).",
      }),
  });
  return (input, init) => send(input, { ...init, headers: headersFor(model, input, init?.headers) });
}

function headersFor(model: HubModel, input: string | URL | Request, given?: RequestInit["headers"]): Headers {
  const headers = new Headers(given);
  // What is compressed on its way has other offsets.
  headers.set("Accept-Encoding", "identity");
  const url = new URL(input instanceof Request ? input.url : input);
  // A redirect to another host drops this header; a link to one must not get it either.
  if (model.token && url.origin === new URL(model.endpoint).origin) {
    headers.set("Authorization", `Bearer ${model.token}`);
  }
  return headers;
}

async function refusal(model: HubModel, response: Response): Promise<HubError> {
  const { name, revision, endpoint, token } = model;
  const code = response.headers.get("X-Error-Code");
  const said = response.headers.get("X-Error-Message") ?? "";
  const { status } = response;
  const account = token ? "with the account of your token" : "then set HF_TOKEN";
  if (code === "GatedRepo") {
    return new HubError(name, "is gated: its owner must let you in", {
      hint: `Ask for access at ${endpoint}/${name}, ${account}.`,
    });
  }
  if (token && status === 401 && code !== "RepoNotFound") {
    return new HubError(name, `${endpoint} does not accept the token`, {
      details: { status, ...(said && { message: said }) },
      hint: "Check HF_TOKEN, or log in again.",
    });
  }
  if (code === "RevisionNotFound") {
    const near = nearest(revision, await revisionsOf(model));
    return new HubError(name, `has no revision "${revision}"`, { hint: near && `Nearest: "${near}".` });
  }
  if (code === "EntryNotFound") return new HubError(name, `a file is not there: ${response.url}`);
  // The hub says 401 for what does not exist as well as for what is private.
  if (status === 401 || status === 404) {
    const near = nearest(name, await modelsNear(model));
    const hints = [near && `Nearest: "${near}".`, !token && "If it is private, set HF_TOKEN."].filter(Boolean);
    return new HubError(name, `no such folder, and no such model at ${endpoint}`, {
      details: { revision },
      hint: hints.length > 0 ? hints.join(" ") : undefined,
    });
  }
  if (status === 403) {
    return new HubError(name, `${endpoint} refuses access`, {
      details: { status, ...(said && { message: said }) },
      hint: token ? "The token needs the right to read this model." : "Set HF_TOKEN to a token that may read it.",
    });
  }
  return new HubError(name, `${endpoint} answers ${status} ${response.statusText}`, {
    details: { ...(said && { message: said }) },
  });
}

/** Models of the same owner; none where the hub does not say. Only for a hint, so nothing is tried twice. */
async function modelsNear(model: HubModel): Promise<string[]> {
  const [owner, own] = model.name.split("/");
  const search = own === undefined ? { query: owner! } : { owner: owner! };
  const names: string[] = [];
  try {
    const found = listModels({ search, limit: 200, hubUrl: model.endpoint, fetch: sender(model, 1) });
    for await (const { name } of found) names.push(name);
  } catch {
    // Without a hint then.
  }
  return names;
}

async function revisionsOf(model: HubModel): Promise<string[]> {
  try {
    const response = await sender(model, 1)(`${model.endpoint}/api/models/${model.name}/refs`);
    const { branches = [], tags = [] } = (await response.json()) as Record<string, { name: string }[]>;
    return [...branches, ...tags].map(({ name }) => name);
  } catch {
    return [];
  }
}
