import type { Normalization } from "../commands/parsers.js";
import type { CommonFlags, ImagesFlags } from "../commands/shared.js";

export type EvaluateFlags = CommonFlags &
  ImagesFlags & {
    samples?: number;
    batch?: number;
    seed?: number;
    quality?: boolean;
    judge?: readonly string[];
    normalize?: Normalization;
    temperature?: number;
  };
