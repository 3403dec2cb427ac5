import type { PictureReading, Reading, TableChoice } from "../data/format.js";
import type { Normalization } from "../flags/parsers.js";
import type { CommonFlags, PictureChoice } from "../flags/shared.js";

export type TrainFlags = CommonFlags &
  PictureReading &
  TableChoice &
  Pick<Reading, "table"> & {
    recipe?: string;
    data?: string;
    dataDir?: string;
    limit?: number;
    validation?: number;
    flip?: boolean;
    network?: string;
    from?: string;
    normalize?: Normalization;
    free?: boolean;
    epochs?: number;
    steps?: number;
    batch?: number;
    density?: "gaussian" | "mixture";
    lr?: number;
    orthogonalLr?: number;
    warmup?: number;
    clip?: number;
    ema?: number;
    seed?: number;
    out?: string;
    resume?: string;
    force?: boolean;
    checkpointEvery?: number;
    evaluateEvery?: number;
    pictures?: PictureChoice;
    fallback?: boolean;
    tensorboard?: boolean;
    check?: boolean;
    workers?: number;
    rankTimeout?: number;
    contaminated?: boolean;
  };
