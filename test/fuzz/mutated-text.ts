import type { Random } from "./mutated.js";

/** The values of JSON, and the names of its fields. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;

/** Objects and arrays that hold no others. */
const FLAT = /\{[^{}]*\}|\[[^[\]]*\]/g;

/** What may stand in the place of a value. */
const EDGES = [
  "null",
  "true",
  "0",
  "-1",
  "1",
  "2",
  "0.5",
  "-0",
  "1e308",
  "1e999",
  "4294967296",
  "9007199254740993",
  '""',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"../../x"',
  '"\\u0000"',
  "[]",
  "{}",
  "[[]]",
  '{"__proto__":{"x":1}}',
  "[1,2,3,4,5,6,7,8,9]",
];

/** One of the texts in which one to four values or names are others: edges, or those of another place. */
export function mutatedText(texts: readonly string[], draw: Random): string {
  let text = texts[draw(texts.length)]!;
  for (let left = 1 + draw(4); left > 0; left--) {
    const tokens = [...text.matchAll(draw(4) === 0 ? FLAT : TOKEN)];
    if (tokens.length === 0) continue;
    const { 0: old, index } = tokens[draw(tokens.length)]!;
    const other = draw(3) === 0 ? tokens[draw(tokens.length)]![0] : EDGES[draw(EDGES.length)]!;
    text = text.slice(0, index) + other + text.slice(index + old.length);
  }
  return text;
}
