import type { ComponentChildren } from "preact";
import { embedded } from "../shell/embed.js";

/** The equation of a section (`p_Z` has a subscript), its explanation, and a link to the documents, beside the page. */
export function Lesson({
  equation,
  children,
  docs,
  about,
}: {
  equation: string;
  children: ComponentChildren;
  /** A page of the documents, and its subject. */
  docs: string;
  about: string;
}) {
  // a document that embeds the page has its own explanation
  if (embedded) return null;
  return (
    <div class="lesson">
      <p class="equation">
        {equation
          .split(/_(\w)/)
          .map((part, i) => (i % 2 === 0 ? part : <sub key={`${i} ${part}`}>{part}</sub>))}
      </p>
      <p class="note">
        {children} <a href={`../${docs}.html`}>Read on: {about}</a>.
      </p>
    </div>
  );
}
