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

/** What an error says to a reader. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
