import type { CommonFlags } from "../flags/shared.js";
import type { Hidden, Sheet } from "../sheets/sheet-names.js";

export type SampleFlags = CommonFlags & {
  count?: number;
  columns?: number;
  seed?: number;
  temperature?: number;
  mode?: "sample" | "deterministic";
  sheet?: Sheet;
  hide?: Hidden;
  out?: string;
  given?: readonly string[];
  privacy?: boolean;
};
