import { useEffect, useRef } from "preact/hooks";
import { imageData } from "./pixels.js";

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
