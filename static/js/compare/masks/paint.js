/** From class ids to what a mask layer draws: which pixels are shown, and in which colours. */

export const NONE = 255; // an index that is not drawn

/** The colour (ABGR, as canvases store it) of each of 256 indices. */
export function palette(entries) {
  const colours = new Uint32Array(256);
  for (const { id, colour } of entries) {
    const rgb = parseInt(colour.slice(1), 16);
    colours[id] = 0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  }
  colours[NONE] = 0;
  return colours;
}

/** The ids without hidden classes and without pixels whose first probability is too small. */
export function visible(ids, classes, hidden, top3, sure) {
  const least = (sure / 100) * 255;
  const off = classes.filter(({ name }) => hidden.has(name)).map(({ id }) => id);
  if (!off.length && !(top3 && sure)) return ids;
  const keep = Uint8Array.from({ length: 256 }, (_, id) => (off.includes(id) ? NONE : id));
  const shown = new Uint8Array(ids.length);
  for (let i = 0; i < ids.length; i += 1) shown[i] = keep[ids[i]];
  if (!top3 || !sure) return shown;
  const { probabilities } = top3; // the first third belongs to the likeliest class
  for (let i = 0; i < ids.length; i += 1) if (probabilities[i] < least) shown[i] = NONE;
  return shown;
}

/** From see-through over violet and orange to pale yellow: 0 to 254. */
export function heat() {
  const stops = [[40, 11, 84], [120, 28, 109], [188, 55, 84], [237, 105, 37], [251, 180, 26], [252, 255, 164]];
  const entries = [];
  for (let id = 1; id < NONE; id += 1) {
    const at = ((id - 1) / (NONE - 2)) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    const mixed = stops[low].map((v, i) => Math.round(v + (at - low) * (stops[low + 1][i] - v)));
    entries.push({ id, colour: `#${mixed.map((v) => v.toString(16).padStart(2, "0")).join("")}` });
  }
  return palette(entries);
}
