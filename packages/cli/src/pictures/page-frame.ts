import { escapeXml } from "./escape.js";

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5c6670; --line: #dfe3e7; --paper: #fff; --shade: #0004; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3acb5; --line: #363c43; --paper: #16191d; --shade: #000; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 24px 16px 64px; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; font-size: 1.3rem; } h3 { font-size: 1rem; margin-top: 2rem; }
p { color: var(--soft); }
/* what scrolls sideways has a shade at each end behind which there is more: paper covers it, which scrolls with the content */
.wide, .charts figure { overflow-x: auto; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll;
  background-image: linear-gradient(to right, var(--paper) 50%, transparent), linear-gradient(to left, var(--paper) 50%, transparent), linear-gradient(to right, var(--shade), transparent), linear-gradient(to left, var(--shade), transparent);
  background-position: left, right, left, right; background-size: 32px 100%, 32px 100%, 16px 100%, 16px 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); } .number { text-align: right; }
svg { display: block; }
img { max-width: 100%; height: auto; background: #fff; } .grid { image-rendering: pixelated; }
details { margin-top: 2rem; } summary { font-weight: 600; cursor: pointer; }
pre { overflow-x: auto; font-size: 0.8rem; border: 1px solid var(--line); padding: 12px; }`;

/** One self-contained page without scripts, fonts or external resources. */
export const pageOf = (title: string, sections: readonly string[], style = ""): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${escapeXml(title)}</title>
<style>${STYLE}
${style}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
${sections.join("\n")}
</body>
</html>
`;

/** A number in a table, with its error or as a percentage. */
const FIGURE = /^[+-]?\d[\d,.]*(e[+-]\d+)?( ± [\d.]+)?( %)?$/;

/** True where most cells of a column that are not empty are numbers. */
function isOfNumbers(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => cell !== "");
  return filled.filter((cell) => FIGURE.test(cell)).length > filled.length / 2;
}

/** A table that narrow screens scroll. Columns of numbers end at the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isRight = head.map((_, k) => isOfNumbers(rows.map((row) => row[k] ?? "")));
  const lineOf = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell, k) => `<${tag}${isRight[k] ? ' class="number"' : ""}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${lineOf("th", head)}</thead><tbody>${rows.map((row) => lineOf("td", row)).join("")}</tbody></table></div>`;
}
