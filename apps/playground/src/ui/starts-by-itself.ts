/** Whether a part trains before the reader asks for it: not where the reader asks the system for less motion. */
export const startsByItself = (): boolean =>
  typeof matchMedia === "undefined" || !matchMedia("(prefers-reduced-motion: reduce)").matches;
