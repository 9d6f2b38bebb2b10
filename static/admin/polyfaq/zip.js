// A ZIP archive of files as they are, not compressed (PKWARE's APPNOTE.TXT 6.3, method 0): so that a folder is one upload, in which
// every file keeps its place. Without ZIP64: below 4 GB and 65,536 files.
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

export function crc32(bytes) {
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// `fields`: [bytes, value] in the format's order, little-endian.
function record(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

const UTF8 = 0x0800, VERSION = 20, DAY = 0x21; // names in UTF-8; 1 January 1980

// `files`: [place, File]. A Blob of all.
export async function zip(files) {
  const parts = [], directory = [];
  let offset = 0;
  for (const [place, file] of files) {
    const name = new TextEncoder().encode(place), data = new Uint8Array(await file.arrayBuffer());
    const about = [[2, VERSION], [2, UTF8], [2, 0], [2, 0], [2, DAY], [4, crc32(data)], [4, data.length], [4, data.length], [2, name.length], [2, 0]];
    const head = record([[4, 0x04034b50], ...about]);
    directory.push(record([[4, 0x02014b50], [2, VERSION], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), name);
    parts.push(head, name, data);
    offset += head.length + name.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
