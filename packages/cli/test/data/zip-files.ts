import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../src/data/arrays/zip.js";

/** One entry of a zip archive; what is not given follows from the content. */
export type ZipFileEntry = Readonly<{
  name: string;
  content: Uint8Array;
  /** Stored as it is, instead of deflated. */
  stored?: boolean;
  /** What the directory says, where that is not the truth. */
  crc?: number;
  size?: number;
  method?: number;
  flags?: number;
  /** Unix mode and file type, 0o120777 for a link. */
  mode?: number;
}>;

/** The bytes of a zip archive (APPNOTE.TXT 4.3), also of those that should be refused. */
export function zipBytes(entries: readonly ZipFileEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { name, content, stored = false, mode = 0o100644 } = entry;
    const packed = stored ? content : deflateRawSync(content);
    const { crc = crc32(content), size = content.length, flags = 0x800, method = stored ? 0 : 8 } = entry;
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(path.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, tail, path);
    const local = [Buffer.from("PK\x03\x04", "latin1"), common, path, Buffer.from(packed)];
    parts.push(...local);
    at += local.reduce((sum, part) => sum + part.length, 0);
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}
