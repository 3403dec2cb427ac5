/**
 * Words to avoid in prose, each with a better one: the terms of the glossary, and confusing phrases. A pattern is a
 * case-insensitive regular expression for whole words.
 */
export const terms: readonly (readonly [pattern: string, better: string])[] = [
  // one word for one idea
  ["items", "examples"],
  ["item", "example"],
  ["law(?! suite)\\b", "distribution"],
  ["mean\\s+mode", "deterministic mode"],
  ["given\\s+(network|classifier|function|weight|bias|kernel|layer)(s|es)?", "pretrained $1$2"],
  ["somebody\\s+else('s)?", "pretrained"],
  ["(start|starting)\\s+values?", "initial values"],
  ["(data-dependent|random|plain)\\s+start", "$1 initialization"],
  ["(a|one|each|every|per|the|this|that|another)\\s+draw", "$1 sample"],
  ["(K|the|these|those|of|over|more|fewer|two|some|all|\\d+)\\s+draws", "$1 samples"],
  ["(?<!SIMD )\\blane(s?)", "worker$1"],
  ["appended\\s+(noise|numbers?)", "augmentation noise"],
  ["polish(es|ed|ing)?", "reorthogonalize"],
  ["sick", "non-finite"],
  ["learnt", "learned"],
  // concrete nouns and verbs
  ["that\\s+which", "the name of the thing"],
  ["(of|to|with|from|for|in|by|on|beside|behind|about)\\s+what", "$1 + the name of the thing"],
  ["tells", "says, shows or reports"],
  ["told", "said, shown or reported"],
  ["gives", "returns, has or yields"],
  ["gave", "returned, had or yielded"],
  ["knows", "has, detects or needs"],
  ["(come|comes|came)\\s+to", "is, reaches or totals"],
  ["(is|are)\\s+nothing", "is ignored"],
  ["of\\s+(one's|its|their|your|our)\\s+own", "its own, before the noun"],
  ["by\\s+turns", "interleaved"],
  ["(and|or)\\s+(its|their)\\s+like", "and the others"],
];
