export function buildPeak(relaxed: boolean): Promise<Uint8Array>;
