import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

type DropZoneProps = {
  /** What the button says; dropping a file anywhere on the zone does the same. */
  label: string;
  /** As the attribute of an input: `.csv,text/csv`. */
  accept: string;
  multiple?: boolean;
  onFiles: (files: readonly File[]) => void;
  children?: ComponentChildren;
};

/** A button that opens files, and a place to drop them on. */
export function DropZone({ label, accept, multiple = false, onFiles, children }: DropZoneProps) {
  const over = useSignal(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse alone; the button within does the same
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
        const files = [...(event.dataTransfer?.files ?? [])];
        if (files.length > 0) onFiles(files);
      }}
    >
      <label class="file-button">
        {label}
        <input
          type="file"
          accept={accept}
          multiple={multiple}
          onChange={({ currentTarget: input }) => {
            const files = [...(input.files ?? [])];
            input.value = "";
            if (files.length > 0) onFiles(files);
          }}
        />
      </label>
      {children}
    </div>
  );
}
