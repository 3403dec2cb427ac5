import { scoreKinds } from "../detect/score-columns.js";
import { choice, count, type FlagsOf, text, value, yes } from "../flags/flag.js";
import { probability, wholeNumber } from "../flags/parsers.js";
import { idFlag, imagesFlags, rowFlags, whereFlag } from "../flags/shared.js";

/** The flags of `flowify score`. */
export const scoreFlags = {
  run: text("DIR", "Folder of the run, in place of the first argument"),
  ...imagesFlags,
  id: idFlag,
  where: whereFlag,
  score: choice(
    [...scoreKinds, "likelihood"],
    "Score of a table's rows, or log p of the run's network (default: combination)",
  ),
  falseAlarms: value(
    probability,
    "P",
    "Flag rows or images so that this share of ordinary ones is flagged (default: 0.01; images: none)",
  ),
  reasons: {
    kind: "parsed",
    parse: (input: string) => wholeNumber(1)(input || "3"),
    inferEmpty: true,
    optional: true,
    placeholder: "N",
    brief: "Add the N columns to blame for each flagged row of a table, and a repair (without N: 3)",
  },
  follow: yes("For a run with --time: score rows as they come on standard input, lines of CSV with a header"),
  window: count("For a run with --time: judge N rows together, by the mean of their scores (default: 1)"),
  samples: count("Samples of the noise per image; more of them tighten the bound (default: 1)", "K"),
  ledger: yes("Add the contribution of every layer, in nats"),
  ...rowFlags("scores", "Seed of the noise (default: 0)"),
};

export type ScoreFlags = FlagsOf<typeof scoreFlags>;
