/** A piece of the playground in a document, and the picture that stands for it where nothing is live. */
export type LivePiece = Readonly<{
  /** As it stands in the document. */
  source: string;
  part: string;
  sheets: string;
  config: string;
  words: string;
  picture: string;
}>;

/** `<!-- live: part?sheets {config} -->`, the picture on the next line. */
const LIVE = /^<!-- live: (\w+)\?([\w,]+) (\{.*\}) -->\n!\[(.*)\]\((.*)\)$/gm;

/** The pieces of a document. */
export const livePieces = (text: string): LivePiece[] =>
  [...text.matchAll(LIVE)].map(([source, part = "", sheets = "", config = "", words = "", picture = ""]) => ({
    source,
    part,
    sheets,
    config,
    words,
    picture,
  }));

/** The address of a piece, from the folder of the playground. */
export const addressOf = ({ part, sheets, config }: LivePiece): string =>
  `?embed=${sheets}#/${part}?config=${encodeURIComponent(config)}`;
