import type { ComponentChildren } from "preact";
import { isShown } from "../shell/embed.js";

type SheetProps = Readonly<{
  /** What an address calls it, to show some sheets alone. */
  name: string;
  title: string;
  class?: string;
  children: ComponentChildren;
}>;

/** A sheet of a part with its title; nothing where the address asks for others. */
export function Sheet({ name, title, class: more = "", children }: SheetProps) {
  if (!isShown(name)) return null;
  return (
    <div class={`sheet ${more}`}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
