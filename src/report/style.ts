import type { Palette } from "./charts/colors";

const LIGHT = `--page:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#5d6470;--line:#e2e4e8;--chip:#f0f1f4;
--correct:#3a8fc7;--wrong:#e08a3c;--correct-text:#0a5f96;--wrong-text:#9a4b00;
--c0:#0072b2;--c1:#d55e00;--c2:#00805f;--c3:#a34a7f;--pass:#1a7f37;--fail:#b3261e;--link:#0a5f96;`;

const DARK = `--page:#15171b;--card:#1c1f24;--ink:#e8eaed;--soft:#a3abb8;--line:#33383f;--chip:#2a2e35;
--correct:#3f94cd;--wrong:#cf7d33;--correct-text:#86c6f2;--wrong-text:#f5b27a;
--c0:#62b5ee;--c1:#ff9350;--c2:#3fcfa4;--c3:#e79ac7;--pass:#5fcf80;--fail:#ff8a80;--link:#86c6f2;`;

const RULES = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:72rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:clamp(1.6rem,1.2rem + 2vw,2.25rem);line-height:1.2;letter-spacing:-.02em;margin:0 0 .75rem;
text-wrap:balance}
h2{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:3rem 0 .5rem;padding-top:1.5rem;
border-top:1px solid var(--line)}
h3,h4{font-size:1rem;margin:1.75rem 0 .25rem}
article h3{font-size:1.15rem;margin-top:2.25rem}
.verdict{font-size:.8rem;letter-spacing:.03em;border:1.5px solid;border-radius:4px;padding:0 .4em;white-space:nowrap}
.pass{color:var(--pass)}.fail{color:var(--fail)}.open{color:var(--soft)}
.claim ul{margin:.25rem 0 1rem;padding-left:1.2rem}.claim p{margin:.25rem 0}
p{margin:.5rem 0 1rem;max-width:44rem}
.lead{font-size:1.1rem;color:var(--soft)}
.soft,figcaption{color:var(--soft);font-size:.9rem;text-align:left}
code,pre,.token{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--chip);border-radius:8px;padding:.9rem 1rem;margin:.5rem 0 1rem;font-size:.875rem;
white-space:pre-wrap}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem 1.5rem;margin:1.75rem 0 0}
.facts dt{font-size:.75rem;letter-spacing:.05em;text-transform:uppercase;color:var(--soft)}
.facts dd{margin:0;font-weight:600}
.facts dd small{display:block;font-weight:400;font-size:.875rem;color:var(--soft);line-height:1.4}
nav{margin:1.75rem 0 0;font-size:.9rem}
nav ul{list-style:none;margin:0;padding:0;border-left:3px solid var(--line)}
nav li{padding:.15rem 0 .15rem .9rem}
nav a{color:var(--link)}
nav a:first-child{font-weight:600}
.prompt{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem;margin:.75rem 0;
line-height:2.1;max-width:none}
.token{background:var(--chip);border-radius:4px;padding:.12em .4em;font-size:.875em;white-space:pre-wrap;
unicode-bidi:isolate}
td .token{white-space:pre}
.token.correct{color:var(--correct-text);box-shadow:inset 0 -2px var(--correct)}
.token.wrong{color:var(--wrong-text);box-shadow:inset 0 -2px var(--wrong)}
.space{opacity:.4}
figure{margin:1rem 0 1.5rem}
figcaption{margin-bottom:.5rem;max-width:44rem}
figcaption b{color:var(--ink);font-size:1rem}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
.scroll:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
.scroll svg{display:block;margin:.5rem auto;overflow:visible;font:12px system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
.scroll svg .tokens{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.legend{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem 1.25rem;font-size:.85rem;color:var(--soft);
margin:.75rem 0;font-variant-numeric:tabular-nums}
.legend .bar{display:inline-flex;align-items:center;gap:.5rem}
.legend i{display:block;width:5.5rem;height:.8rem;border-radius:3px;print-color-adjust:exact;
-webkit-print-color-adjust:exact;box-shadow:inset 0 0 0 1px color-mix(in srgb,currentColor 30%,transparent)}
.legend .zero{display:inline-block;width:4px;height:4px;border-radius:50%;background:var(--ink);opacity:.4;
vertical-align:middle;margin-right:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.45rem .8rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:baseline;
overflow-wrap:normal}
thead th{font-size:.8rem;color:var(--soft);font-weight:600;vertical-align:bottom}
tbody th{font-weight:600}
tbody tr:last-child>*{border-bottom:0}
.num{text-align:right;white-space:nowrap}
.num:has(.pair){white-space:normal}
.name,.pair{white-space:nowrap}
thead .num{white-space:normal}
.pairs{display:flex;flex-wrap:wrap;gap:.1rem .9rem;min-width:15rem}
td:not(.num){min-width:6rem}
tr.group>*{border-top:2px solid var(--line)}
@media (max-width:40rem){main{padding:1.5rem 1rem 3rem}h2{margin-top:2rem}th,td{padding:.4rem .6rem}}
@media print{.scroll{overflow:visible;border:0}figure,tr{break-inside:avoid}}
`;

/** The page's style sheet, with the charts' colours for both themes. */
export function styleSheet(palette: Palette): string {
  return (
    `:root{color-scheme:light dark;${LIGHT}${palette.light}}` +
    `@media (prefers-color-scheme:dark){:root{${DARK}${palette.dark}}}${RULES}`
  );
}

/** The colours of the light theme by variable. */
export function lightVariables(palette: Palette): ReadonlyMap<string, string> {
  const pairs = `${LIGHT}${palette.light}`.matchAll(/(--[\w-]+):([^;]+);/g);
  return new Map([...pairs].map(([, name, value]) => [name!, value!.trim()]));
}
