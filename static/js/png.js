/**
 * Reads masks: indexed PNG files of 8 bits a pixel, as class ids.
 *
 * A canvas would give colours, which two ids may share (void and a black background), and which
 * some browsers blur against fingerprinting.
 */

/** The mask at an address, from the browser's cache where an <img> has brought it already. */
export async function readMask(address) {
  const answer = await fetch(address, { cache: "force-cache" });
  if (!answer.ok) throw new Error(`${answer.status} ${address}`);
  return decode(await answer.arrayBuffer());
}

/** {width, height, ids}: one byte a pixel, row by row. */
async function decode(buffer) {
  const bytes = new DataView(buffer);
  const parts = [];
  for (let at = 8; at < buffer.byteLength; at += 12 + bytes.getUint32(at)) {
    const isData = bytes.getUint32(at + 4) === 0x49444154; // "IDAT"
    if (isData) parts.push(new Uint8Array(buffer, at + 8, bytes.getUint32(at)));
  }
  const [width, height] = [bytes.getUint32(16), bytes.getUint32(20)];
  if (bytes.getUint8(24) !== 8 || bytes.getUint8(28)) throw new Error("not a mask of bytes");
  const inflated = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const lines = new Uint8Array(await new Response(inflated).arrayBuffer());
  return { width, height, ids: unfiltered(lines, width, height) };
}

/** PNG stores each row as a difference that its first byte names. */
function unfiltered(lines, width, height) {
  const ids = new Uint8Array(width * height);
  let above = new Uint8Array(width);
  for (let y = 0; y < height; y += 1) {
    const start = y * (width + 1);
    const row = ids.subarray(y * width, (y + 1) * width);
    row.set(lines.subarray(start + 1, start + 1 + width));
    undo[lines[start]](row, above);
    above = row;
  }
  return ids;
}

const undo = [
  () => {},
  (row) => {
    for (let x = 1; x < row.length; x += 1) row[x] += row[x - 1];
  },
  (row, above) => {
    for (let x = 0; x < row.length; x += 1) row[x] += above[x];
  },
  (row, above) => {
    for (let x = 0; x < row.length; x += 1) row[x] += ((x ? row[x - 1] : 0) + above[x]) >> 1;
  },
  (row, above) => {
    for (let x = 0; x < row.length; x += 1) {
      row[x] += nearest(x ? row[x - 1] : 0, above[x], x ? above[x - 1] : 0);
    }
  },
];

/** Paeth's predictor. */
function nearest(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
