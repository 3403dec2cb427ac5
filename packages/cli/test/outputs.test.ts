import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { firstImages, imageSet } from "../src/data/image-set.js";
import { runCommand } from "./run-command.js";

describe("places to write to", () => {
  it.each(["sample", "reconstruct"])(
    "%s names the folder that is missing, before anything is read",
    async (command) => {
      const missing = join(tmpdir(), "no-such-folder-of-flowify");
      const { status, stderr } = await runCommand([command, "any-run", "--out", join(missing, "x.png")]);
      expect(status).toBe(2);
      expect(stderr).toContain("error[USAGE]");
      expect(stderr).toContain(`the folder ${missing} does not exist`);
    },
  );

  it("names the flag that asked for more images than there are", () => {
    const set = imageSet({ name: "two", split: "test", images: new Uint8Array(8), shape: [1, 2, 2] });
    expect(() => firstImages(set, 3)).toThrow("--limit 3: two has only 2 test images");
    expect(() => firstImages(set, 3, "--count")).toThrow("--count 3: two has only 2 test images");
  });
});
