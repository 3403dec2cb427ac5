export type { ImageSet, ImageShape, Split } from "./data/image-set.js";
export { type DataSetChoice, loadDataSet } from "./data/registry.js";
