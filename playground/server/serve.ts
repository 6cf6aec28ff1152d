import { type PreviewServer, preview } from "vite";
import { isolationHeaders, safetyHeaders } from "../policy";

export interface ServeOptions {
  /** The built page. */
  folder: string;
  /** 0: any that is free. */
  port: number;
  /** False: as a host that does not know the headers for threads. */
  isolation?: boolean;
  /** The path that the page is served under. */
  path?: string;
}

/** Serves a built page on this machine. Rejects where the port is taken. */
export async function serve({ folder, port, isolation = true, path = "/" }: ServeOptions) {
  const server: PreviewServer = await preview({
    configFile: false,
    root: folder,
    base: path,
    appType: "mpa",
    logLevel: "silent",
    build: { outDir: folder },
    preview: {
      port,
      strictPort: true,
      headers: isolation ? { ...isolationHeaders, ...safetyHeaders } : safetyHeaders,
    },
  });
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}
