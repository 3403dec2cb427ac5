import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { isShown } from "../shell/embed.js";

type SheetProps = Readonly<{
  /** Its name in an address that shows only some sheets. */
  name: string;
  title: string;
  class?: string;
  children: ComponentChildren;
}>;

/** A sheet of a tab with its title; empty if the address selects other sheets. */
export function Sheet({ name, title, class: more = "", children }: SheetProps) {
  if (!isShown(name)) return null;
  return (
    <div class={`sheet ${more}`}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A scrolling frame around wide or long content, with keyboard access. */
export function Scrolling({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling content needs keyboard access
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

/** The head of a table: a name for each column. */
export function Head({ of, hidden = false }: { of: readonly string[]; hidden?: boolean }) {
  return (
    <thead class={hidden ? "hidden-text" : ""}>
      <tr>
        {of.map((name) => (
          <th scope="col" key={name}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** For a list of buttons with one tab stop, the one `at`: keys move the focus by so many of them. */
export const moveFocus =
  (moves: Readonly<Record<string, number>>, count: number, at: Signal<number>) =>
  (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const stop = Math.min(at.value, count - 1);
    const next = stop + (moves[event.key] ?? 0);
    if (next === stop || next < 0 || next >= count) return;
    event.preventDefault();
    at.value = next;
    event.currentTarget.querySelectorAll("button")[next]?.focus();
  };
