/**
 * The pixel inspector: what each model thinks of the pixel under the pointer or the crosshair; and
 * the slider that hides uncertain pixels. Both need the three likeliest classes with their
 * probabilities, which are fetched when the panel is first opened.
 */
import { element, fill, number, percent, say } from "../elements.js";
import { swatch } from "../controls.js";

export function panel(board, section, texts) {
  const { state, data, top3 } = board;
  const slider = section.querySelector("[name=sure]");
  slider.addEventListener("input", () => state.set({ sure: Number(slider.value) }));

  const show = () => {
    if (state.panel !== "pixel") return;
    const { pixel } = state;
    section.querySelector(".hint").hidden = Boolean(pixel);
    section.querySelector(".at").textContent = pixel ? say(texts.at, { x: pixel[0], y: pixel[1] }) : "";
    fill(section.querySelector(".thoughts"), pixel ? data.panes.filter(({ number }) => top3.has(number)).map((pane) => thought(board, pane, pixel)) : []);
    truth(board, section, texts, pixel);
  };
  const slide = () => {
    slider.value = state.sure;
    section.querySelector(".sure").textContent = state.sure ? percent(state.sure / 100, 0) : texts.any;
  };
  state.on("hover cross", show);
  state.on("sure", slide);

  return async () => {
    slide();
    const missing = data.panes.filter(({ number }) => board.layer(number) && !top3.has(number));
    await Promise.all(missing.map(async (pane) => top3.set(pane.number, await likeliest(board, pane))));
    if (missing.length && state.sure) board.paint();
    show();
  };
}

/** {classes, probabilities}: three planes of a byte a pixel each. */
async function likeliest(board, pane) {
  const bytes = await board.api.bytes(`predictions/${pane.prediction}/mask/`, { as: "top3" });
  const half = bytes.length / 2;
  return { classes: bytes.subarray(0, half), probabilities: bytes.subarray(half) };
}

function thought(board, pane, [x, y]) {
  const { width, height } = board.data.image;
  const { classes, probabilities } = board.top3.get(pane.number);
  const list = board.data.lists[pane.list];
  const ranks = [0, 1, 2].map((rank) => {
    const at = rank * width * height + y * width + x;
    return { entry: list.find(({ id }) => id === classes[at]), share: probabilities[at] / 255 };
  });
  const rows = ranks.filter(({ entry }) => entry).map(({ entry, share }) => {
    const bar = element("span", { className: "bar-share" });
    bar.style.inlineSize = `${100 * share}%`;
    return element("li", {}, swatch(entry.colour), element("span", {}, entry.title),
      element("span", { className: "number" }, number(100 * share, 1)), bar);
  });
  return element("li", {}, element("h3", {}, `${pane.number} ${pane.title}`), element("ol", { className: "ranks" }, ...rows));
}

async function truth(board, section, texts, pixel) {
  const line = section.querySelector(".true");
  const mask = pixel && (await board.truth());
  line.hidden = !mask;
  if (!mask) return;
  const { lists, image } = board.data;
  const id = mask.ids[pixel[1] * mask.width + pixel[0]];
  const entry = lists[image.list].find((known) => known.id === id);
  line.textContent = say(texts.truly, { name: entry?.title ?? texts.void });
}
