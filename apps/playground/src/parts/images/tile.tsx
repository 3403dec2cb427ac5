import { useEffect, useRef } from "preact/hooks";
import { SIDE } from "./config.js";

/** A small grey image, its pixels as squares. */
export function Tile({ image }: { image: Uint8Array }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = new ImageData(SIDE, SIDE);
    image.forEach((value, i) => {
      pixels.data.set([value, value, value, 255], 4 * i);
    });
    ref.current?.getContext("2d")?.putImageData(pixels, 0, 0);
  }, [image]);
  return <canvas ref={ref} class="tile" width={SIDE} height={SIDE} />;
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
