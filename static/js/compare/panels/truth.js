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
    if (target.closest("[data-errors]")) state.toggle("map", errors());
    if (target.closest("[data-pair]")) state.toggle("map", pair());
  });
  section.addEventListener("change", ({ target }) => {
    if (target.name === "about" && state.map.startsWith("errors")) state.set({ map: errors() });
    if (["a", "b"].includes(target.name) && state.map.startsWith("pair")) state.set({ map: pair() });
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

/** Models across, scores and classes down, the best of each row in bold. */
function table(panes, scored, classes, fractions, texts) {
  const head = panes.map((pane) => element("th", { scope: "col", title: pane.title }, String(pane.number)));
  const row = (title, value, form) => {
    const values = scored.map((scores) => (scores ? value(scores) : null) ?? null);
    const best = Math.max(...values.filter((v) => v !== null));
    const cells = values.map((v) =>
      element("td", { className: v !== null && v === best ? "number best" : "number" }, v === null ? "–" : form(v)));
    return element("tr", {}, element("th", { scope: "row" }, title), ...cells);
  };
  const share = (v) => number(100 * v, 1);
  const summary = fractions.map(({ dataset, textContent }) =>
    row(textContent, (scores) => scores[dataset.fraction], share));
  const classRows = classes.map(({ title }, i) => row(title, (s) => s.per_class_iou[i], share));
  return element("table", { className: "figures" },
    element("caption", {}, texts.scores),
    element("thead", {}, element("tr", {}, element("td"), ...head)),
    element("tbody", {}, ...summary), element("tbody", {}, ...classRows));
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
