import type { Normalization } from "../flags/parsers.js";
import type { CommonFlags, ImagesFlags } from "../flags/shared.js";

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
