/** A simulator in TypeScript, for threads that only read JavaScript by themselves. */
// biome-ignore lint/style/noDefaultExport: how a module says what its simulator is
export default function simulate([theta = 0]: Float64Array): number[] {
  return [theta satisfies number];
}
