import { useEffect, useRef } from "preact/hooks";
import { download } from "./files.js";
import { imageData } from "./pixels.js";

type GridProps = Readonly<{
  /** Bytes [count, C, H, W]. */
  images: Uint8Array;
  shape: readonly [number, number, number];
  columns: number;
  /** Description for screen readers. */
  label: string;
  /** File name of the download button; no button without it. */
  file?: string;
}>;

const GAP = 1;

/** Images side by side on one canvas, with a download. */
export function ImageGrid({ images, shape, columns, label, file }: GridProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [channels, height, width] = shape;
  const size = channels * height * width;
  const count = Math.floor(images.length / size);
  const rows = Math.ceil(count / columns);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    for (let i = 0; i < count; i++)
      context.putImageData(
        imageData(images.subarray(i * size, (i + 1) * size), shape),
        (i % columns) * (width + GAP),
        Math.floor(i / columns) * (height + GAP),
      );
  }, [images, columns]);
  const save = (): void =>
    canvas.current?.toBlob((blob) => blob && download(file ?? "images.png", blob, "image/png"));
  return (
    <div class="stack">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        class="pixels"
        width={columns * (width + GAP) - GAP}
        height={Math.max(1, rows * (height + GAP) - GAP)}
      />
      {file && (
        <div>
          <button type="button" class="small" onClick={save}>
            Download {file}
          </button>
        </div>
      )}
    </div>
  );
}
