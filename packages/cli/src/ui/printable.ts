/**
 * What a terminal obeys or hides in place of showing it: control characters, the marks that turn the direction of
 * text, line and paragraph separators. Names in files may hold them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  if (short[character] !== undefined) return short[character];
  const digits = code.toString(16);
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
};

/** A line with everything in it to be seen: `\x1b[2J` in place of an empty screen. */
export const printable = (line: string): string => line.replace(UNPRINTABLE, escaped);

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape begins with one
const COLOR = /(\u001b\[(?:0|1|2|22|3\d|9\d)m)/;

/** The same for a line that was coloured: weights and colours of letters stay, no other escape does. */
export const printableColored = (line: string): string =>
  line
    .split(COLOR)
    .map((piece, i) => (i % 2 === 1 ? piece : printable(piece)))
    .join("");
