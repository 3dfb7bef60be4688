/** The ensemble lab: members and weights go to a worker, its mask comes back as a further pane. */
import { element, fill, number, percent } from "../elements.js";

export function panel(board, section, texts) {
  const { state, data } = board;
  const form = section.querySelector("form");
  const offered = () => data.panes.filter((pane) => pane.prediction && board.layer(pane.number));
  let list = null;

  /** A row for each model whose mask is there; those that stand stay as they were set. */
  const rows = () => {
    const known = [...form.querySelectorAll("[name=member]")].map(({ value }) => value);
    const fresh = offered().filter(({ prediction }) => !known.includes(prediction));
    section.querySelector(".members").append(...fresh.map((pane) => member(pane, texts)));
    limit();
  };
  /** Only models of one class list can be members of one ensemble. */
  const limit = () => {
    const boxes = [...form.querySelectorAll("[name=member]")];
    list ??= offered()[0]?.list;
    for (const box of boxes) {
      if (data.panes.find(({ prediction }) => prediction === box.value).list !== list) box.checked = false;
    }
    form.querySelector("button").disabled = boxes.filter(({ checked }) => checked).length < 2;
  };

  form.addEventListener("change", ({ target }) => {
    if (target.name === "member" && target.checked) {
      list = data.panes.find(({ prediction }) => prediction === target.value).list;
    }
    limit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [wait, fault] = [section.querySelector(".progress"), section.querySelector(".fault")];
    form.querySelector("button").disabled = true;
    wait.hidden = false;
    fault.hidden = true;
    try {
      const { id } = await board.api.post(`comparisons/${data.comparison}/ensembles/`, wish(form));
      const ensemble = await board.api.ended(`ensembles/${id}/`);
      if (ensemble.state !== "DONE") throw new Error(ensemble.error || ensemble.state);
      state.set({ ensemble: id });
      await tell();
      section.querySelector(".outcome").scrollIntoView({ block: "nearest" });
    } catch (refusal) {
      fault.textContent = refusal.message;
      fault.hidden = false;
    } finally {
      wait.hidden = true;
      limit();
    }
  });
  const tell = async () => {
    if (!state.ensemble) return;
    const ensemble = await board.api.get(`ensembles/${state.ensemble}/`);
    fill(section.querySelector(".outcome"), [outcome(ensemble, data.panes, texts)]);
  };
  return async () => {
    rows();
    await tell();
  };
}

function member(pane, texts) {
  const box = element("input", { type: "checkbox", name: "member", value: pane.prediction, checked: true });
  const weight = element("input", { type: "number", name: "weight", min: "0", max: "10", step: "0.1", value: "1", ariaLabel: `${texts.weight}: ${pane.title}` });
  return element("li", { className: "member" }, element("label", {}, box, element("span", {}, `${pane.number} ${pane.title}`)), weight);
}

function wish(form) {
  const chosen = [...form.querySelectorAll(".member")].filter((row) => row.querySelector("[name=member]").checked);
  return {
    members: chosen.map((row) => row.querySelector("[name=member]").value),
    weights: chosen.map((row) => Number(row.querySelector("[name=weight]").value)),
    combine: form.querySelector("[name=combine]:checked").value,
  };
}

function outcome({ members, scores }, panes, texts) {
  const title = (id) => panes.find(({ prediction }) => prediction === id)?.title;
  const known = Boolean(scores);
  const count = (value) => (value === null || value === undefined ? "–" : number(value));
  const points = (value) => (value === null || value === undefined ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${number(Math.abs(100 * value), 1)}`);
  const columns = [texts.model, texts.changed, ...(known ? [texts.better, texts.worse, texts.marginal] : [])];
  const body = members.map((one) => element("tr", {},
    element("th", { scope: "row" }, title(one.id)),
    element("td", { className: "number" }, count(one.changed)),
    ...(known ? [count(one.better), count(one.worse), points(one.marginal)] : []).map((text) => element("td", { className: "number" }, text))));
  const caption = known ? `${texts.ensemble}: mIoU ${percent(scores.miou)}` : texts.ensemble;
  return element("table", { className: "figures" },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...body));
}
