import { isolationHeaders, safetyHeaders } from "../policy";
import type { PageFile } from "./files";

/**
 * Keeps the page's own files, so that it opens without a network, and answers with headers that let it share memory
 * between threads, also where the host sends none. Files whose names tell their content come from what is kept; the page
 * itself comes from the host while that answers, so that a newer version shows at once. Requests to elsewhere, and the
 * page's other caches, are not its business.
 */
declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly PageFile[];
declare const __VERSION__: string;

const { scope } = self.registration;
/** Other pages of the same host share the storage: only caches with this name in front are ours. */
const ours = `fader-page ${scope} `;
const current = `${ours}${__VERSION__}`;
const assets = `${scope}assets/`;
const known = new Set(__FILES__.map(({ path }) => new URL(path, scope).href));
/** Milliseconds that a host may take until the page opens as it was kept. */
const patience = 3000;

self.addEventListener("install", (event) => event.waitUntil(keepFiles()));
self.addEventListener("activate", (event) => event.waitUntil(dropOldFiles()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = addressOf(request.url);
  // A newer page asks for assets that this version has not.
  if (address.startsWith(assets)) event.respondWith(keptOrHosted(request, address));
  else if (known.has(address)) event.respondWith(hostedOrKept(address));
});

/** All files or none: where one is not that of this build, the page stays as it is. */
async function keepFiles(): Promise<void> {
  const cache = await caches.open(current);
  await Promise.all(
    __FILES__.map(async ({ path, integrity }) => {
      const url = new URL(path, scope).href;
      const response = await fetch(url, { integrity, cache: "no-cache" });
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      await cache.put(url, withHeaders(response));
    }),
  );
}

async function dropOldFiles(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(ours) && name !== current).map((name) => caches.delete(name)),
  );
}

/** Under which address a file is kept. */
function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/index\.html$/, "/");
}

async function kept(address: string): Promise<Response | undefined> {
  return (await caches.open(current)).match(address);
}

async function keptOrHosted(request: Request, address: string): Promise<Response> {
  return (await kept(address)) ?? withHeaders(await fetch(request));
}

async function hostedOrKept(address: string): Promise<Response> {
  const signal = AbortSignal.timeout(patience);
  const response = await fetch(address, { cache: "no-cache", signal }).catch(() => undefined);
  if (response?.ok) return withHeaders(response);
  return (await kept(address)) ?? (response ? withHeaders(response) : Response.error());
}

function withHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries({ ...isolationHeaders, ...safetyHeaders })) headers.set(name, value);
  // The body is kept as it reads, whatever way it came.
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
