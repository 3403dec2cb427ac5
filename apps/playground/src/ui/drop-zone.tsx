import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { filesOf } from "./files.js";
import { wordsOf } from "./problem.js";

type DropZoneProps = {
  /** Label of the button. Dropping a file on the zone does the same. */
  label: string;
  /** As the attribute of an input: `.csv,text/csv`. */
  accept?: string;
  multiple?: boolean;
  /** Label of a second button that opens a folder; none without it. */
  folder?: string;
  disabled?: boolean;
  onFiles: (files: readonly File[]) => void;
  /** What is said if the dropped files cannot be read. */
  problem: Signal<string | undefined>;
  children?: ComponentChildren;
};

/** Buttons that open files or a folder, and a zone to drop them on. */
export function DropZone({ onFiles, problem, children, ...choice }: DropZoneProps) {
  const { label, accept, multiple = false, folder, disabled = false } = choice;
  const over = useSignal(false);
  const take = (files: readonly File[]): void => {
    if (files.length > 0 && !disabled) onFiles(files);
  };
  const chosen = (input: HTMLInputElement): void => {
    const files = [...(input.files ?? [])];
    input.value = ""; // allows choosing the same file again
    take(files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse alone; the buttons within do the same
    <div
      class={over.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        if (!event.dataTransfer) return;
        filesOf(event.dataTransfer).then(take, (error: unknown) => {
          problem.value = wordsOf(error);
        });
      }}
    >
      {children}
      <div class="row">
        <label class="file-button">
          {label}
          <input
            type="file"
            accept={accept}
            multiple={multiple}
            disabled={disabled}
            onChange={(event) => chosen(event.currentTarget)}
          />
        </label>
        {folder && (
          <label class="file-button">
            {folder}
            <input
              type="file"
              disabled={disabled}
              ref={(input) => input?.setAttribute("webkitdirectory", "")}
              onChange={(event) => chosen(event.currentTarget)}
            />
          </label>
        )}
      </div>
    </div>
  );
}
