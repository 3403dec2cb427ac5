import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadDataSet } from "flowify";
import { type Check, equal } from "./check.js";

const IMAGES = "data/images/notmnist-t10k-images-idx3-ubyte.gz";
const LABELS = "data/images/notmnist-t10k-labels-idx1-ubyte.gz";

/** The images of notMNIST as a folder of idx files, under the usual names, through the command's loader. */
export const idxFolder: Check = {
  name: "idx-folder",
  needs: [IMAGES, LABELS],
  async run({ dir, scratch }) {
    const folder = join(scratch, "notmnist");
    mkdirSync(folder);
    copyFileSync(join(dir, IMAGES), join(folder, "t10k-images-idx3-ubyte.gz"));
    copyFileSync(join(dir, LABELS), join(folder, "t10k-labels-idx1-ubyte.gz"));
    const set = await loadDataSet({ name: folder }, "test");
    return {
      images: equal(set.count, 10_000),
      sizes: equal(set.shape.join("×"), "1×28×28"),
      "kinds of label": equal(new Set(set.labels).size, 10),
      "largest value": equal(
        set.images.reduce((a, b) => Math.max(a, b), 0),
        255,
      ),
    };
  },
};
