/**
 * A bitmap font of our own, 5 × 7 dots and one row for descenders, for the printable ASCII characters:
 * the pictures of a run have to be readable on machines that have no font at all.
 *
 * One word a glyph, from the space on; two hexadecimal digits a column from left to right, the lowest
 * bit on top.
 */
const glyphWords = `
  0000000000 00005f0000 0007000700 147f147f14 242a7f2a12 2313086462 3649562050 0008070300
  001c224100 0041221c00 2a1c7f1c2a 08083e0808 0080703000 0808080808 0060600000 2010080402
  3e5149453e 00427f4000 4261514946 2141454b31 1814127f10 2745454539 3c4a494930 0171090503
  3649494936 064949291e 0036360000 0080763600 0814224100 1414141414 0041221408 0201510906
  324979413e 7e1111117e 7f49494936 3e41414122 7f4141221c 7f49494941 7f09090901 3e4149497a
  7f0808087f 00417f4100 2040413f01 7f08142241 7f40404040 7f020c027f 7f0408107f 3e4141413e
  7f09090906 3e4151215e 7f09192946 4649494931 01017f0101 3f4040403f 1f2040201f 3f4038403f
  6314081463 0708700807 6151494543 007f414100 0204081020 0041417f00 0402010204 4040404040
  0001020400 2054545478 7f48444438 3844444420 384444487f 3854545418 087e090102 18a4a4a47c
  7f08040478 00447d4000 4080847d00 7f10284400 00417f4000 7c04180478 7c08040478 3844444438
  fc24242418 18242424fc 7c08040408 4854545420 043f444020 3c4040207c 1c2040201c 3c4030403c
  4428102844 1ca0a0a07c 4464544c44 0008364100 00007f0000 0041360800 0201020201
`
  .trim()
  .split(/\s+/);

const GLYPH_WIDTH = 5;
/** Height of the letters that stand on the line, in dots; a descender reaches one dot below. */
export const GLYPH_HEIGHT = 7;
/** From the left edge of one character to that of the next: one empty column between them. */
const GLYPH_ADVANCE = GLYPH_WIDTH + 1;

const FIRST = 0x20;
const UNKNOWN = "?".charCodeAt(0) - FIRST;

/** Calls `dot(column, row)` for every inked dot of a text in a grid of dots, from its top left corner. */
export function eachDot(text: string, dot: (column: number, row: number) => void): void {
  [...text].forEach((character, place) => {
    const word = glyphWords[character.codePointAt(0)! - FIRST] ?? glyphWords[UNKNOWN]!;
    for (let column = 0; column < GLYPH_WIDTH; column++) {
      const bits = Number.parseInt(word.slice(2 * column, 2 * column + 2), 16);
      for (let row = 0; row <= GLYPH_HEIGHT; row++) {
        if ((bits >> row) & 1) dot(place * GLYPH_ADVANCE + column, row);
      }
    }
  });
}

/** Width of a text in dots, without the empty column after its last character. */
export const textDots = (text: string): number => Math.max(0, [...text].length * GLYPH_ADVANCE - 1);
