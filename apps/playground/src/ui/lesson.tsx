import type { ComponentChildren } from "preact";
import { embedded } from "../shell/embed.js";

/** The one equation of a place on the page (`p_Z` has a subscript), what it says there, and where the documents go on. */
export function Lesson({
  equation,
  children,
  docs,
  about,
}: {
  equation: string;
  children: ComponentChildren;
  /** A page of the documents, and what it is about. */
  docs: string;
  about: string;
}) {
  // where the page is a piece of a document, that says it
  if (embedded) return null;
  return (
    <div class="lesson">
      <p class="equation">
        {equation
          .split(/_(\w)/)
          .map((part, i) => (i % 2 === 0 ? part : <sub key={`${i} ${part}`}>{part}</sub>))}
      </p>
      <p class="note">
        {children} <a href={`./docs/${docs}.html`}>Read on: {about}</a>.
      </p>
    </div>
  );
}
