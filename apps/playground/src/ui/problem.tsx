/** An error in words, where it happened; nothing where there is none. */
export function Problem({
  text,
  children,
}: {
  text: string | undefined;
  children?: preact.ComponentChildren;
}) {
  if (!text) return null;
  return (
    <div class="problem" role="alert">
      <p>{text}</p>
      {children}
    </div>
  );
}

/** A message of the library without its hints to flags of the command, which a page has none of. */
export const withoutFlags = (message: string): string =>
  message
    .split("\n")
    .filter((line, i) => i === 0 || !line.includes("--"))
    .join("\n");

/** What an error says to a reader. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error ? withoutFlags(error.message) : String(error);
