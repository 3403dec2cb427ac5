import type { ComponentChildren } from "preact";

/** The one equation of a place on the page, what it says there, and where the documents go on. */
export function Lesson({
  equation,
  children,
  docs,
}: {
  equation: string;
  children: ComponentChildren;
  docs: string;
}) {
  return (
    <div class="lesson">
      <p class="equation">{equation}</p>
      <p class="note">
        {children} <a href={`./docs/${docs}.html`}>Read on</a>.
      </p>
    </div>
  );
}
