import type { Report } from "./compare";
export async function verifyModel(_folder: string, _expected: unknown, report: Report): Promise<void> {
  report.fail("model", "x", "later");
}
