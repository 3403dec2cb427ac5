import type { TextlintKernelRule } from "@textlint/kernel";

/** Words that a sentence may have. */
const MOST = 30;

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const hasLetters = /[\p{L}\p{N}]/u;

const oneWord = (text: string): string => "C".padEnd(text.length, "o");

/**
 * A code span counts as one word, and so does a list of them, or a shape like [B, C, H, W]. Every place is kept, so
 * that findings have their lines.
 */
const withoutCode = (text: string): string =>
  text
    .replaceAll(/(`+)[\s\S]*?\1/g, oneWord)
    .replaceAll("\n", " ")
    .replaceAll(/([.!?]) (?=flowify\b|--|\d)/g, "$1\n") // these begin sentences, although they are no capitals
    .replaceAll(/\bCo+(, Co+)+/g, oneWord)
    .replaceAll(/\[[^[\]]*\](?!\()/g, oneWord);

/** Finds long sentences in paragraphs and lists. Signs (=, +, −) are no words. */
export const sentenceLength: TextlintKernelRule["rule"] = (context) => ({
  [context.Syntax.Paragraph](node) {
    for (const { segment, index } of sentences.segment(withoutCode(context.getSource(node)))) {
      const words = segment.split(/\s+/).filter((word) => hasLetters.test(word)).length;
      if (words <= MOST) continue;
      const message = `a sentence of ${words} words, expected at most ${MOST}: split it`;
      context.report(node, new context.RuleError(message, { index }));
    }
  },
});
