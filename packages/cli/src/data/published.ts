import type { PublishedFile } from "../download/fetch-file.js";
import { valueAt } from "../places.js";

/** The files of a data set by name; `unpack`: the wanted files of a tar archive. */
export type PublishedSet = Readonly<{
  files: Readonly<Record<string, PublishedFile>>;
  unpack?: RegExp;
  bytes: number;
}>;

/** Four gzipped idx files below one address, with the md5 that the projects publish. */
const idxFiles = (address: string, md5: readonly [string, string, string, string]): PublishedSet["files"] =>
  Object.fromEntries(
    ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map((name, i) => [
      `${name}-ubyte.gz`,
      { url: `${address}${name}-ubyte.gz`, checksum: { kind: "md5", value: valueAt(md5, i) } },
    ]),
  );

/** The files that `flowify data get` downloads, and their addresses. */
export const publishedSets: Readonly<Record<string, PublishedSet>> = {
  mnist: {
    files: idxFiles("https://ossci-datasets.s3.amazonaws.com/mnist/", [
      "f68b3c2dcbeaaa9fbdd348bbdeb94873",
      "d53e105ee54ea40749a09fcbcd1e9432",
      "9fb629c4189551a2d022fa330f9573f3",
      "ec29112dd5afa0611ce80d1b7f02629c",
    ]),
    bytes: 11_594_722,
  },
  "fashion-mnist": {
    files: idxFiles("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [
      "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
      "25c81989df183df01b3e8a0aad5dffbe",
      "bef4ecab320f06d8554ea6380940ec79",
      "bb300cfdad3c16e7a12a480ee83cd310",
    ]),
    bytes: 30_878_645,
  },
  kmnist: {
    files: idxFiles("http://codh.rois.ac.jp/kmnist/dataset/kmnist/", [
      "bdb82020997e1d708af4cf47b453dcf7",
      "e144d726b3acfaa3e44228e80efcd344",
      "5c965bf0a639b31b8f53240b1b52f4d7",
      "7320c461ea6c1c855c0b718fb2a4b134",
    ]),
    bytes: 21_241_388,
  },
  cifar10: {
    files: {
      "cifar-10-binary.tar.gz": {
        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        checksum: { kind: "md5", value: "c32a1d4ab5d03f1284b67883e8d87530" },
      },
    },
    unpack: /^cifar-10-batches-bin\/(data_batch_[1-5]|test_batch)\.bin$/,
    bytes: 170_052_171,
  },
};
