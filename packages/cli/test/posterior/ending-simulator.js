/** Ends its process, which is a thread, for parameters above 1.5. */
// biome-ignore lint/style/noDefaultExport: how a module says what its simulator is
export default function simulate([theta], random) {
  if (theta > 1.5) process.exit(3);
  return [theta + random.normal()];
}
