import { besidePage, firstOf, pathOf } from "../../ui/files.js";
import type { OnnxFiles } from "./calls.js";

/** Largest file that is read, in bytes: conversion holds several copies of its weights in memory. */
export const LARGEST = 64 * 2 ** 20;
/** The example network of the page: a classifier of digits. */
export const EXAMPLE = "classifier.onnx";

export async function exampleFile(): Promise<OnnxFiles> {
  return { file: EXAMPLE, bytes: await bytesOf(await besidePage(EXAMPLE)), beside: {} };
}

/** Files that may accompany the network. */
const MOST = 100;

const namesOf = (files: readonly File[]): string => firstOf(files.map(({ name }) => name));
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * One ONNX file and the files dropped with it.
 *
 * @throws Error for no network, several, or one that is too large
 */
export async function onnxFilesOf(files: readonly File[]): Promise<OnnxFiles> {
  const networks = files.filter(({ name }) => /\.onnx$/i.test(name));
  const [network, second] = networks;
  if (!network)
    throw new Error(
      `No ONNX file found (${namesOf(files)}), expected a name that ends in .onnx. Drop an ONNX file.`,
    );
  if (second)
    throw new Error(
      `Found ${networks.length} ONNX files (${namesOf(networks)}), expected one. Drop one network.`,
    );
  if (files.length > MOST)
    throw new Error(
      `${files.length} files are too many. Drop the network and the files that hold its weights.`,
    );
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > LARGEST)
    throw new Error(
      `${network.name} is too large for this page: ${mebibytes(total)}, expected at most ${mebibytes(LARGEST)}. Use flowify convert on the command line.`,
    );
  const read = async (file: File) => [pathOf(file).split("/").at(-1), await bytesOf(file)] as const;
  const beside = await Promise.all(files.filter((file) => file !== network).map(read));
  return { file: network.name, bytes: await bytesOf(network), beside: Object.fromEntries(beside) };
}

const bytesOf = async (file: Blob): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await file.arrayBuffer());
