import type { TextlintKernelRule } from "@textlint/kernel";

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const hasLetters = /[\p{L}\p{N}]/u;

const oneWord = (text: string): string => "C".padEnd(text.length, "o");

/**
 * A code span counts as one word, and so does a list of them, or a shape like [B, C, H, W]. Offsets do not change, so
 * that findings have the right lines.
 */
const withoutCode = (text: string): string =>
  text
    .replaceAll(/(`+)[\s\S]*?\1/g, oneWord)
    .replaceAll("\n", " ")
    .replaceAll(/([.!?]) (?=flowify\b|--|\d)/g, "$1\n") // these begin sentences without a capital
    .replaceAll(/\bCo+(, Co+)+/g, oneWord)
    .replaceAll(/\[[^[\]]*\](?!\()/g, oneWord);

/** A rule that finds sentences of more than `most` words in paragraphs and lists. Signs (=, +, −) are not words. */
export const sentenceLength =
  (most: number): TextlintKernelRule["rule"] =>
  (context) => ({
    [context.Syntax.Paragraph](node) {
      for (const { segment, index } of sentences.segment(withoutCode(context.getSource(node)))) {
        const words = segment.split(/\s+/).filter((word) => hasLetters.test(word)).length;
        if (words <= most) continue;
        const message = `a sentence of ${words} words, expected at most ${most}: split it`;
        context.report(node, new context.RuleError(message, { index }));
      }
    },
  });
