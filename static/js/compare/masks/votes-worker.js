/**
 * A worker: the entropy in bits of the votes that masks cast for each pixel's class.
 *
 * Masks (arrays of ids) come in; out go `values` (bits), `indices` for heat colours (0: all agree,
 * 254: as many classes as masks) and the `mean`.
 */
self.onmessage = ({ data: masks }) => {
  const values = entropies(masks);
  const most = Math.log2(masks.length);
  const indices = Uint8Array.from(values, (bits) => (bits ? 1 + Math.round((253 * bits) / most) : 0));
  const mean = values.reduce((sum, bits) => sum + bits, 0) / values.length;
  self.postMessage({ values, indices, mean }, [values.buffer, indices.buffer]);
};

function entropies(masks) {
  const count = masks.length;
  const surprise = Float64Array.from({ length: count + 1 }, (_, n) =>
    n ? (-n / count) * Math.log2(n / count) : 0,
  );
  const votes = new Uint8Array(256);
  const bits = new Float32Array(masks[0].length);
  for (let i = 0; i < bits.length; i += 1) {
    for (const mask of masks) votes[mask[i]] += 1;
    let sum = 0;
    for (const mask of masks) {
      sum += surprise[votes[mask[i]]]; // 0 once the class has been counted
      votes[mask[i]] = 0;
    }
    bits[i] = sum;
  }
  return bits;
}
