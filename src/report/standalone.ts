/**
 * A chart of a page as a file of its own: the light theme's colours in place of CSS variables, which few programs
 * besides browsers read, on white.
 */
export function standalone(svg: string, variables: ReadonlyMap<string, string>): string {
  const colored = svg.replace(/var\((--[\w-]+)\)/g, (whole, name) => variables.get(name) ?? whole);
  const own = `xmlns="http://www.w3.org/2000/svg" style="background:#fff;color:${variables.get("--ink") ?? "#000"}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${colored.replace(/ xmlns="[^"]*"/, "").replace("<svg", () => `<svg ${own}`)}\n`;
}
