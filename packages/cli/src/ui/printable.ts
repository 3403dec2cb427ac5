const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Characters that change the direction of text or have no width, and separators of lines and paragraphs. */
const MARKS = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** True for characters that a terminal interprets or hides. */
const isObeyed = (character: string): boolean => {
  const code = character.charCodeAt(0);
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || MARKS.test(character);
};

function escaped(character: string): string {
  if (!isObeyed(character)) return character;
  const digits = character.charCodeAt(0).toString(16);
  return (
    short[character] ??
    (digits.length < 3 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`)
  );
}

/**
 * A line with all control characters escaped, including those in names from files: `\x1b[2J` instead of an empty
 * screen.
 */
export const printable = (line: string): string => Array.from(line, escaped).join("");

const ESCAPE = "\u001b";
const COLOR = /^\[(?:0|1|2|22|3\d|9\d)m/;

/** The same for a coloured line: keeps escapes for weight and colour only. */
export function printableColored(line: string): string {
  const [first = "", ...others] = line.split(ESCAPE);
  const rest = others.map((piece) => {
    const [color = ""] = COLOR.exec(piece) ?? [];
    return `${color === "" ? printable(ESCAPE) : ESCAPE}${color}${printable(piece.slice(color.length))}`;
  });
  return printable(first) + rest.join("");
}
