/**
 * What layers do to a small map, cell by cell. A step is {height, width, taps}: taps(row, column)
 * lists the cells [row, column, weight] of the map before that a cell is made of. Numbers and
 * highlights follow from the same taps. tests/browser/test_story.py holds all against torch.
 */
const range = (count) => Array.from({ length: count }, (_, n) => n);
const ONES = range(3).map(() => [1, 1, 1]);
const HAT = [0.25, 0.75, 0.75, 0.25]; // FCN's fixed weights for a factor of two
const BILINEAR = HAT.map((down) => HAT.map((across) => down * across));

/** The numbers that a step makes of `rows`. */
function compute(rows, { height, width, taps }) {
  const cell = (row, column) =>
    taps(row, column).reduce((sum, [r, c, weight]) => sum + weight * rows[r][c], 0);
  return range(height).map((row) => range(width).map((column) => cell(row, column)));
}

/** The largest of each 2×2 window; of equals the first, row by row. */
function maxPool(rows) {
  const taps = (row, column) => {
    const places = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([r, c]) => [2 * row + r, 2 * column + c]);
    const largest = Math.max(...places.map(([r, c]) => rows[r][c]));
    return [[...places.find(([r, c]) => rows[r][c] === largest), 1]];
  };
  return { height: rows.length / 2, width: rows[0].length / 2, taps };
}

/** Values to where the step before had found them, zero elsewhere. */
function unpool(rows, pool) {
  const taps = (row, column) => {
    const [from] = pool.taps(row >> 1, column >> 1);
    return from[0] === row && from[1] === column ? [[row >> 1, column >> 1, 1]] : [];
  };
  return { height: 2 * rows.length, width: 2 * rows[0].length, taps };
}

/** Interpolation to `height`×`width`; `aligned`: the corner cells sit on the corners. */
function interpolate(rows, height, width, aligned) {
  const between = (place, cells, size) => {
    const at = aligned
      ? (place * (cells - 1)) / (size - 1)
      : Math.max(0, ((place + 0.5) * cells) / size - 0.5);
    const low = Math.floor(at);
    return [[low, 1 - at + low], [Math.min(low + 1, cells - 1), at - low]];
  };
  const taps = (row, column) => {
    const columns = between(column, rows[0].length, width);
    const pairs = between(row, rows.length, height).flatMap(([r, down]) =>
      columns.map(([c, across]) => [r, c, down * across]));
    return joined(pairs).filter(([, , weight]) => weight > 1e-9);
  };
  return { height, width, taps };
}

/** A zero between each two cells. */
function insertZeros(rows) {
  const taps = (row, column) => (row % 2 || column % 2 ? [] : [[row / 2, column / 2, 1]]);
  return { height: 2 * rows.length - 1, width: 2 * rows[0].length - 1, taps };
}

/** A convolution; what its kernel has beside the map counts as zero. */
function convolve(rows, kernel, { rate = 1, padding, height = rows.length, width = rows[0].length }) {
  const taps = (row, column) =>
    kernel
      .flatMap((line, r) => line.map((weight, c) =>
        [row - padding + r * rate, column - padding + c * rate, weight]))
      .filter(([r, c]) => rows[r]?.[c] !== undefined);
  return { height, width, taps };
}

/** Averages of `bins`×`bins` parts. */
function average(rows, bins) {
  const part = (place, cells) => {
    const first = Math.floor((place * cells) / bins);
    return range(Math.ceil(((place + 1) * cells) / bins) - first).map((n) => first + n);
  };
  const taps = (row, column) => {
    const down = part(row, rows.length);
    const across = part(column, rows[0].length);
    return down.flatMap((r) => across.map((c) => [r, c, 1 / (down.length * across.length)]));
  };
  return { height: bins, width: bins, taps };
}

/** Steps side by side, summed. */
function summed(steps) {
  const [{ height, width }] = steps;
  return { height, width, taps: (row, column) => joined(steps.flatMap((step) => step.taps(row, column))) };
}

/** Each cell once, its weights added. */
function joined(taps) {
  const found = new Map();
  for (const [row, column, weight] of taps) {
    const tap = found.get(`${row} ${column}`) ?? [row, column, 0];
    tap[2] += weight;
    found.set(`${row} ${column}`, tap);
  }
  return [...found.values()];
}

const dilated = (rows, rate) => convolve(rows, ONES, { rate, padding: rate });
const severalRates = (rows, count) => range(count).map((n) => dilated(rows, n + 1));
const everywhere = (rows) => ({
  height: rows.length,
  width: rows[0].length,
  taps: () => average(rows, 1).taps(0, 0),
});
const twice = (rows) => [2 * rows.length, 2 * rows[0].length];

/** By kind of figure and what is chosen in it, its steps. */
const KINDS = {
  bilinear: (corners) => [(rows) => interpolate(rows, ...twice(rows), corners === "on")],
  unpooling: (way) => [
    maxPool,
    way === "places" ? unpool : (rows) => interpolate(rows, ...twice(rows), false),
  ],
  transposed: (kernel) => [
    insertZeros,
    (rows) => convolve(rows, kernel === "ones" ? ONES : BILINEAR, {
      padding: 2, // one less than 3, and for 4 the one that the layer itself cuts off
      height: rows.length + 1,
      width: rows[0].length + 1,
    }),
  ],
  dilation: (rate) => [(rows) => dilated(rows, Number(rate))],
  rates: (count) => [(rows) => summed(severalRates(rows, Number(count)))],
  pyramid: (bins) => [
    (rows) => average(rows, Number(bins)),
    (rows, _, whole) => interpolate(rows, whole.length, whole[0].length, true),
  ],
  pooling: (image) => [
    (rows) => summed([...severalRates(rows, 3), ...(image === "on" ? [everywhere(rows)] : [])]),
  ],
};

/** The map itself and what each step makes of it: [{rows, taps}, …]. */
export function steps(kind, map, choice) {
  const made = [{ rows: map, taps: () => [] }];
  for (const make of KINDS[kind](choice)) {
    const { rows } = made.at(-1);
    const step = make(rows, made.at(-1), map);
    made.push({ rows: compute(rows, step), taps: step.taps });
  }
  return made;
}
