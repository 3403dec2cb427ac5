import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { crc32c } from "../data/crc32.js";
import { appendTo } from "../files/append.js";
import type { MetricsLog, MetricsRecord } from "./metrics.js";

/**
 * A log that also writes its records to a TensorBoard event file. Each process of a run has its own file. The file
 * begins with a record that invalidates earlier records of later steps, and so does each return to an earlier step.
 *
 * Source: TensorFlow's `event.proto`, `summary.proto` and `record_writer.cc`.
 */
export function withEventFile(
  log: MetricsLog,
  folder: string,
  { taken, now = Date.now }: { taken: number; now?: () => number },
): MetricsLog {
  mkdirSync(folder, { recursive: true });
  const seconds = Math.floor(now() / 1000);
  const name = `events.out.tfevents.${String(seconds).padStart(10, "0")}.${hostname()}.${process.pid}`;
  const file = appendTo(join(folder, name));
  const write = (step: number, what: Uint8Array): void =>
    file.append(record(message(double(1, now() / 1000), integer(2, step), what)));
  const startAfter = (step: number): void => write(step + 1, bytes(7, integer(1, START)));
  write(0, bytes(3, Buffer.from(VERSION)));
  startAfter(taken);
  return {
    append(metrics) {
      log.append(metrics);
      const values = scalars(metrics).map(([tag, value]) =>
        bytes(1, message(bytes(1, Buffer.from(tag)), float(2, value))),
      );
      if (values.length > 0) write(metrics.step, bytes(5, message(...values)));
    },
    sync: log.sync,
    rewind(step, records) {
      log.rewind(step, records);
      startAfter(step);
    },
    close() {
      log.close();
      file.close();
    },
  };
}

const VERSION = "brain.Event:2";

const SHOWN = ["bpd", "stdErr", "loss", "gradNorm", "lr", "imagesPerSecond"] as const;

/** SessionLog.START: TensorBoard discards its records of this step and later ones. */
const START = 1;

/** The numbers of a line of the metrics, with the names that TensorBoard shows and groups. */
function scalars(metrics: MetricsRecord): [string, number][] {
  const { split, ledger } = metrics;
  const place = typeof split === "string" ? split : "train";
  const figures = SHOWN.flatMap((name): [string, number][] => {
    const value = metrics[name];
    return typeof value === "number" ? [[`${name}/${place}`, value]] : [];
  });
  const layers = typeof ledger === "object" ? Object.entries(ledger) : [];
  return [...figures, ...layers.map(([layer, bpd]): [string, number] => [`ledger_${place}/${layer}`, bpd])];
}

/** A record of TensorFlow: length, its masked checksum, the data, its masked checksum. */
function record(data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
}

function masked(data: Uint8Array): Uint8Array {
  const sum = crc32c(data);
  const four = Buffer.alloc(4);
  four.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0);
  return four;
}

/** The part of protocol buffers that events need: fields one after another. */
const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

const [VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES] = [0, 1, 2, 5];

const integer = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)]);

const bytes = (field: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(field * 8 + LENGTH), ...varint(content.length)]), content]);

function double(field: number, value: number): Uint8Array {
  const eight = Buffer.alloc(9, field * 8 + EIGHT_BYTES);
  eight.writeDoubleLE(value, 1);
  return eight;
}

function float(field: number, value: number): Uint8Array {
  const four = Buffer.alloc(5, field * 8 + FOUR_BYTES);
  four.writeFloatLE(value, 1);
  return four;
}
