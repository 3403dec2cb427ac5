/** Whether a tab trains automatically: not if the user prefers reduced motion. */
export const startsByItself = (): boolean =>
  typeof matchMedia === "undefined" || !matchMedia("(prefers-reduced-motion: reduce)").matches;
