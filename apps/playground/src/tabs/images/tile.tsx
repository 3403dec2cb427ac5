import { useEffect, useRef } from "preact/hooks";
import { imageData } from "../../ui/pixels.js";
import { shape } from "./state.js";

/** A small image with its pixels as squares; empty before there is an image. */
export function Tile({ image }: { image: Uint8Array }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const of = shape.value;
  const [, height, width] = of;
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (image.length > 0) context?.putImageData(imageData(image, of), 0, 0);
    else context?.clearRect(0, 0, of[2], of[1]);
  }, [image, of]);
  return <canvas ref={ref} class="tile" width={width} height={height} />;
}

type TileButtonProps = {
  image: Uint8Array;
  name: string;
  pressed: boolean;
  tabIndex: number;
  onClick: () => void;
};

/** A tile that can be chosen. */
export function TileButton({ image, name, pressed, ...rest }: TileButtonProps) {
  return (
    <button type="button" class="tile-button" aria-label={name} aria-pressed={pressed} {...rest}>
      <Tile image={image} />
    </button>
  );
}
