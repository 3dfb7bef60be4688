/**
 * <compare-board>: one set of controls for all panes of a comparison.
 *
 * What is shown (which mask alone, whether bare, opacity, contours) is kept in the address after
 * "#", so that reloading or sending the address shows the same. Keys: 1–9 show one model alone
 * and, pressed again, all; 0 the bare image; A all; C contours.
 */
const LEAST = 240; // CSS pixels, for a pane beside another
const PANE_HEAD = 40;
const DEFAULTS = { view: "", bare: "", opacity: "60", contours: "1" };

class CompareBoard extends HTMLElement {
  connectedCallback() {
    this.panes = this.querySelector(".panes");
    this.aspect = this.dataset.width / this.dataset.height;
    this.style.setProperty("--aspect", this.aspect);
    this.state = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))) };

    this.addEventListener("click", (event) => this.pressed(event));
    this.addEventListener("input", (event) => this.changed(event.target));
    this.addEventListener("htmx:afterSettle", () => this.show());
    this.addEventListener("htmx:sendError", () => this.answered(false));
    this.addEventListener("htmx:afterOnLoad", () => this.answered(true));
    document.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.arrange()).observe(this);
    window.addEventListener("resize", () => this.arrange());
    this.show();
  }

  /** Change the state, and with it the page and the address. */
  set(change) {
    Object.assign(this.state, change);
    const told = Object.entries(this.state).filter(([name, value]) => value !== DEFAULTS[name]);
    const hash = new URLSearchParams(told).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    this.show();
  }

  show() {
    const { view, bare, opacity, contours } = this.state;
    const current = this.panes.querySelector(`[data-number="${CSS.escape(view)}"]`);
    for (const pane of this.panes.children) pane.classList.toggle("current", pane === current);
    this.toggleAttribute("data-bare", Boolean(bare));
    this.toggleAttribute("data-contours", Boolean(contours));
    this.toggleAttribute("data-view", Boolean(current));
    this.style.setProperty("--opacity", opacity / 100);
    this.querySelector("[name=opacity]").value = opacity;
    this.querySelector("[name=contours]").checked = Boolean(contours);
    for (const button of this.querySelectorAll("button.view")) {
      const shown = button.dataset.view === "bare" ? bare : button.dataset.view === (view || "all");
      button.setAttribute("aria-pressed", Boolean(shown));
    }
    this.arrange();
  }

  answered(yes) {
    this.querySelector(".offline").hidden = yes;
  }

  pressed(event) {
    const view = event.target.closest("[data-view]:is(button)")?.dataset.view;
    if (view) this.choose(view);
  }

  choose(view) {
    if (view === "bare") this.set({ bare: this.state.bare ? "" : "1" });
    else this.set({ view: view === "all" || view === this.state.view ? "" : view });
  }

  changed(field) {
    if (field.name === "opacity") this.set({ opacity: field.value });
    if (field.name === "contours") this.set({ contours: field.checked ? "1" : "" });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=range], [type=checkbox]), textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key === "0") this.choose("bare");
    else if (key === "a") this.choose("all");
    else if (key === "c") this.set({ contours: this.state.contours ? "" : "1" });
    else if (this.panes.querySelector(`[data-number="${CSS.escape(key)}"]`)) this.choose(key);
    else return;
    event.preventDefault();
  }

  /** The columns that make the images large while all fit the window; more of them in doubt. */
  arrange() {
    const count = this.panes.childElementCount;
    const gap = parseFloat(getComputedStyle(this.panes).columnGap);
    const height = innerHeight - this.panes.offsetTop;
    const across = (columns) => (this.clientWidth - gap * (columns - 1)) / columns;
    const size = (columns) => {
      const down = height / Math.ceil(count / columns) - PANE_HEAD - gap;
      return Math.min(across(columns), down * this.aspect);
    };
    let best = count;
    while (best > 1 && across(best) < LEAST) best -= 1;
    for (let fewer = best - 1; fewer > 0; fewer -= 1) {
      if (size(fewer) > 1.25 * size(best)) best = fewer;
    }
    this.panes.style.setProperty("--columns", best);
    this.panes.style.setProperty("--least", "0px");
  }
}

customElements.define("compare-board", CompareBoard);
