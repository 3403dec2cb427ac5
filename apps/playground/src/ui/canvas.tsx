import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { drawInFrameQueue } from "./frame-queue.js";
import { imageData } from "./pixels.js";

/** Draws in CSS pixels on a canvas of `width` × `height`; runs again when one of its signals changes. */
export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

type CanvasProps = Omit<JSX.IntrinsicElements["canvas"], "ref" | "label"> & {
  /** Description for screen readers. */
  label: string;
  /** Width over height. */
  aspect: number;
  draw: Draw;
};

/** A canvas as wide as its container, sharp on any screen, redrawn when the width changes. */
export function Canvas({ label, aspect, draw, ...rest }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = entry?.contentRect.width ?? 0;
    });
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, [width]);
  useEffect(
    () =>
      drawInFrameQueue(() => {
        const canvas = ref.current;
        const context = canvas?.getContext("2d");
        if (!canvas || !context || width.value === 0) return;
        const height = width.value / aspect;
        canvas.width = Math.round(width.value * devicePixelRatio);
        canvas.height = Math.round(height * devicePixelRatio);
        context.scale(devicePixelRatio, devicePixelRatio);
        draw(context, width.value, height);
      }),
    [width, aspect, draw],
  );
  return <canvas ref={ref} role="img" aria-label={label} style={{ aspectRatio: String(aspect) }} {...rest} />;
}

/** Writes a text from below upwards, in the middle of a place. */
export function writeUpwards(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(text, 0, 0);
  context.restore();
}

const arrows: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Where an arrow key points; undefined for other keys. */
export const arrowOf = ({ key }: KeyboardEvent): readonly [right: number, up: number] | undefined =>
  arrows[key];

type TileProps = { image: Uint8Array; shape: readonly [channels: number, height: number, width: number] };

/** A small image with its pixels as squares; empty before there is an image. */
export function Tile({ image, shape }: TileProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [, height, width] = shape;
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (image.length > 0) context?.putImageData(imageData(image, shape), 0, 0);
    else context?.clearRect(0, 0, width, height);
  }, [image, shape]);
  return <canvas ref={ref} class="tile" width={width} height={height} />;
}
