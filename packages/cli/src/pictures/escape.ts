const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Everything that XML may hold; a parser refuses a file with any other character. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Replaces control characters, lone surrogates and noncharacters, which names of files and columns may hold. */
export const validXml = (text: string): string => text.replace(NOT_XML, "\u{fffd}");

/** Escapes a text for HTML and SVG, also inside of an attribute in quotes. */
export const escapeXml = (text: string): string =>
  validXml(text).replace(/[&<>"']/g, (c) => ENTITIES[c] as string);

/**
 * A text in a description of a chart. Vega's parser takes the strings "if", "constructor" and others that every object
 * has for names; none of them ends in a space, which Vega drops when it draws.
 */
export const verbatim = (text: string): string => `${text} `;
