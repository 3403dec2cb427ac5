import type { ComponentChildren } from "preact";

/** The one equation of a place on the page (`p_Z` has a subscript), what it says there, and where the documents go on. */
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
      <p class="equation">
        {equation
          .split(/_(\w)/)
          .map((part, i) => (i % 2 === 0 ? part : <sub key={`${i} ${part}`}>{part}</sub>))}
      </p>
      <p class="note">
        {children} <a href={`./docs/${docs}.html`}>Read on</a>.
      </p>
    </div>
  );
}
