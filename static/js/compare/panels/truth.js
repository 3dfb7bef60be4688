/** Masks against the truth: IoU by class and model, error maps, and who alone is right. */
import { element, fill, number } from "../elements.js";

export function panel(board, section, texts) {
  const { state, data } = board;
  const classes = data.lists[data.image.list];
  const panes = data.panes.filter((pane) => pane.list === data.image.list);
  const fractions = [...section.querySelectorAll("[data-fraction]")];
  const field = (name) => section.querySelector(`[name=${name}]`);
  field("about").append(...classes.map(({ id, title }) => new Option(title, id)));
  for (const name of ["a", "b"]) field(name).append(...panes.map((pane) => new Option(pane.title, pane.number)));
  if (panes.length > 1) field("b").value = panes[1].number;
  section.querySelector(".pairs").hidden = panes.length < 2;

  const errors = () => (field("about").value ? `errors.${field("about").value}` : "errors");
  const pair = () => `pair.${field("a").value}.${field("b").value}`;
  const show = () => {
    const [kind, ...about] = state.map.split(".");
    section.querySelector("[data-errors]").setAttribute("aria-pressed", kind === "errors");
    section.querySelector("[data-pair]").setAttribute("aria-pressed", kind === "pair");
    if (kind === "errors") field("about").value = about[0] ?? "";
    if (kind === "pair") [field("a").value, field("b").value] = about;
  };
  section.addEventListener("click", ({ target }) => {
    if (target.closest("[data-errors]")) state.set({ swipe: "", map: state.map === errors() ? "" : errors() });
    if (target.closest("[data-pair]")) state.set({ swipe: "", map: state.map === pair() ? "" : pair() });
  });
  section.addEventListener("change", ({ target }) => {
    if (target.name === "about" && state.map.startsWith("errors")) state.set({ map: errors() });
    if (["a", "b"].includes(target.name) && state.map.startsWith("pair")) state.set({ swipe: "", map: pair() });
  });
  state.on("map", show);

  return async () => {
    const { predictions } = await board.api.get(`comparisons/${data.comparison}/truth/`);
    const scored = panes.map((pane) => predictions.find(({ id }) => id === pane.prediction));
    fill(section.querySelector(".scores"), [table(panes, scored, classes, fractions, texts)]);
    fill(section.querySelector(".counts"), [counts(panes, scored, texts)]);
    section.querySelector(".unknown").hidden = scored.some(Boolean);
    show();
  };
}

/** Models down, scores and classes across, the best of each column in bold. */
function table(panes, scored, classes, fractions, texts) {
  const columns = [
    ...fractions.map(({ dataset, textContent }) => [textContent, (scores) => scores[dataset.fraction]]),
    ...classes.map(({ title }, i) => [title, (scores) => scores.per_class_iou?.[i], "class"]),
  ].map(([title, value, kind]) => {
    const values = scored.map((scores) => (scores ? value(scores) : null) ?? null);
    return { title, kind, values, best: Math.max(...values.map((v) => v ?? 0)) };
  });
  const cell = ({ values, best }, row) => {
    const value = values[row];
    const wins = value !== null && value > 0 && value === best; // nobody is best with nothing
    return element("td", { className: wins ? "number best" : "number" }, value === null ? "–" : number(100 * value, 1));
  };
  const head = ({ title, kind }) =>
    element("th", { scope: "col", className: kind === "class" ? "upright" : "" }, element("span", {}, title));
  return element("table", { className: "figures across" },
    element("caption", {}, texts.scores),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, texts.model), ...columns.map(head))),
    element("tbody", {}, ...panes.map((pane, row) =>
      element("tr", {}, element("th", { scope: "row" }, `${pane.number} ${pane.title}`), ...columns.map((c) => cell(c, row))))));
}

/** How many pixels each model has right and wrong; void ones count for neither. */
function counts(panes, scored, texts) {
  const rows = panes.map((pane, i) => [pane, scored[i]]).filter(([, scores]) => scores);
  const cells = (scores) => ["right", "wrong", "ignored"].map((name) =>
    element("td", { className: "number" }, number(scores[name])));
  const head = [texts.model, texts.right, texts.wrong, texts.void].map((text) => element("th", { scope: "col" }, text));
  return element("table", { className: "figures" },
    element("caption", {}, texts.pixels),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map(([pane, scores]) =>
      element("tr", {}, element("th", { scope: "row" }, `${pane.number} ${pane.title}`), ...cells(scores)))));
}
