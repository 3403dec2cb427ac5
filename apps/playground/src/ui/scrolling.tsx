/** A scrolling frame around wide or long content, with keyboard access. */
export function Scrolling({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling content needs keyboard access
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
