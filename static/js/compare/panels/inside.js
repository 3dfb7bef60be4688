/**
 * Inside a network: its decoder, one picture after each unpooling and (de)convolution; and how far
 * the pixel under the crosshair sees, its effective receptive field beside the theoretical one.
 */
import { element, fill, number, say } from "../elements.js";

export function panel(board, section, texts) {
  const { state, data } = board;
  const choice = section.querySelector("[name=network]");
  const button = section.querySelector("[data-look]");
  let asked = 0;

  const look = async () => {
    const pane = board.pane(choice.value);
    const [x, y] = state.cross ? state.cross.split(".").map(Number) : [];
    const turn = (asked += 1);
    const [wait, fault] = [section.querySelector(".progress"), section.querySelector(".fault")];
    wait.hidden = false;
    fault.hidden = true;
    try {
      const { id } = await board.api.post(`predictions/${pane.prediction}/insides/`, x === undefined ? {} : { x, y });
      const inside = await board.api.ended(`insides/${id}/`);
      if (turn !== asked) return;
      if (inside.state !== "DONE") throw new Error(inside.error || inside.state);
      show(inside, pane);
    } catch (refusal) {
      fault.textContent = refusal.message;
      fault.hidden = false;
    } finally {
      if (turn === asked) wait.hidden = true;
    }
  };
  const show = ({ id, strip, field }, pane) => {
    const told = section.querySelector(".reach");
    told.textContent = field ? reach(field, texts) : texts.pin;
    fill(section.querySelector(".strip"), (strip ?? []).map((step) => picture(step, texts)));
    section.querySelector(".no-strip").hidden = Boolean(strip?.length);
    state.set({ swipe: "", map: field ? `field.${pane.number}.${id}` : "" });
    (field ? told : section.querySelector(strip?.length ? ".strip" : ".no-strip")).scrollIntoView({ block: "nearest" });
  };
  button.addEventListener("click", look);
  board.addEventListener("pin", () => state.panel === "inside" && look());

  return async () => {
    const chosen = choice.value || state.view;
    const there = data.panes.filter((pane) => pane.prediction && board.layer(pane.number));
    fill(choice, there.map((pane) => new Option(pane.title, pane.number)));
    if (there.some((pane) => String(pane.number) === chosen)) choice.value = chosen;
    button.disabled = !there.length;
  };
}

function reach({ effective_side: side, theoretical_side: whole, ratio, box }, texts) {
  const values = { side: number(side), whole: whole ? number(whole) : "", ratio: ratio ? number(100 * ratio) : "" };
  return say(box ? texts.reach : texts.reachGlobal, values);
}

function picture({ name, kind, height, width, image_url: address }, texts) {
  return element("li", {},
    element("img", { src: address, alt: `${texts[kind]}: ${name}`, width, height, loading: "lazy" }),
    element("p", { className: "small" }, texts[kind], " ", element("span", { className: "muted number" }, `${width} × ${height}`)));
}
