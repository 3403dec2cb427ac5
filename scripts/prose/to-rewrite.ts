/**
 * Pages with findings of the check of prose that are still to be rewritten. The check fails for a page of this list
 * without a finding, so that the list gets shorter.
 */
export const toRewrite: readonly string[] = [
  "docs/bad-input.md",
  "flowify --help",
  "flowify baseline --help",
  "flowify convert --help",
  "flowify decode --help",
  "flowify devices --help",
  "flowify evaluate --help",
  "flowify explain --help",
  "flowify export --help",
  "flowify inspect --help",
  "flowify ood --help",
  "flowify reconstruct --help",
  "flowify report --help",
  "flowify reproduce --help",
  "flowify score --help",
  "flowify train --help",
];
