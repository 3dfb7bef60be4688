/** Where models disagree, without a truth: heat map, agreement of pairs, most frequent swaps. */
import { element, fill, number, percent, say } from "../elements.js";

const SWAPS = 12;

export function panel(board, section, texts) {
  const { state, data } = board;
  const part = (name) => section.querySelector(`.${name}`);
  const byId = (id) => data.panes.find((pane) => pane.prediction === id);
  const pressed = () => {
    for (const button of section.querySelectorAll("[data-map]")) {
      button.setAttribute("aria-pressed", button.dataset.map === state.map);
    }
  };
  section.addEventListener("click", ({ target }) => {
    const map = target.closest("[data-map]")?.dataset.map;
    if (map) state.set({ swipe: "", map: state.map === map ? "" : map });
  });
  state.on("map", pressed);

  return async () => {
    const { pairs, groups, entropy_mean: mean } = await board.api.get(`comparisons/${data.comparison}/agreement/`);
    part("few").hidden = pairs.length > 0;
    part("content").hidden = !pairs.length;
    if (!pairs.length) return;
    const [largest] = groups.map((group) => group.predictions).sort((one, other) => other.length - one.length);
    const most = entropyMost(largest.length, data.lists[byId(largest[0]).list].length);
    part("mean").textContent = say(texts.bits, { share: percent(mean / (most || 1)), bits: number(mean, 3) });
    fill(part("matrix"), [matrix(data.panes, pairs.map((pair) => ({ ...pair, a: byId(pair.a), b: byId(pair.b) })), texts)]);
    const swaps = pairs.flatMap(({ a, b, swaps: ofPair }) =>
      ofPair.map((swap) => ({ map: `swap.${byId(a).number}.${byId(b).number}.${swap.a_class}.${swap.b_class}`, ...swap })),
    );
    swaps.sort((one, other) => other.share - one.share);
    fill(part("swaps"), swaps.slice(0, SWAPS).map(({ map, share }) => {
      const sentence = board.maps.sentence(map.split(".").slice(1));
      const button = element("button", { type: "button", className: "finding" },
        element("span", {}, sentence), element("span", { className: "number" }, percent(share)));
      button.dataset.map = map;
      return element("li", {}, button);
    }));
    pressed();
  };
}

/** The entropy in bits of so many votes, spread over the classes as evenly as whole votes can be. */
export function entropyMost(votes, classes) {
  const each = Math.floor(votes / classes);
  const more = votes % classes; // classes that get one vote more
  const surprise = (n) => (n ? (-n / votes) * Math.log2(n / votes) : 0);
  return more * surprise(each + 1) + (classes - more) * surprise(each);
}

/** A row and a column for each model; pairs of two class lists have no figure. */
function matrix(panes, pairs, texts) {
  const figure = (one, other) => {
    const pair = pairs.find(({ a, b }) => (a === one && b === other) || (a === other && b === one));
    return pair?.agreement;
  };
  const least = Math.min(...pairs.map(({ agreement }) => agreement));
  const cell = (one, other) => {
    const share = figure(one, other);
    if (one === other || share === undefined) return element("td", { className: "muted" }, one === other ? "" : "–");
    const made = element("td", { className: "number shaded", title: `${one.title} · ${other.title}` }, number(100 * share, 1));
    made.style.setProperty("--share", `${Math.round((60 * (share - least)) / (1 - least || 1))}%`);
    return made;
  };
  const head = panes.map((pane) => element("th", { scope: "col", title: pane.title }, String(pane.number)));
  const rows = panes.map((one) =>
    element("tr", {}, element("th", { scope: "row" }, `${one.number} ${one.title}`), ...panes.map((other) => cell(one, other))));
  return element("table", { className: "figures" },
    element("caption", {}, texts.matrix),
    element("thead", {}, element("tr", {}, element("td"), ...head)), element("tbody", {}, ...rows));
}
