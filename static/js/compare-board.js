/**
 * <compare-board>: one set of controls for all panes of a comparison.
 *
 * What is shown (which mask alone, whether bare, opacity, contours) is kept in the address after
 * "#", so that reloading or sending the address shows the same. Keys: 1–9 show one model alone
 * and, pressed again, all; 0 the bare image; A all; C contours.
 */
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

  /** As many columns as make the images largest while all panes fit the window. */
  arrange() {
    const count = this.panes.childElementCount;
    const { columnGap } = getComputedStyle(this.panes);
    const gap = parseFloat(columnGap);
    const facts = 200;
    const least = 240;
    const height = innerHeight - this.panes.offsetTop;
    const size = (columns) => {
      const rows = Math.ceil(count / columns);
      const across = (this.clientWidth - gap * (columns - 1)) / columns;
      if (columns > 1 && across < least) return 0;
      const down = rows === 1 ? height : height / rows - facts; // facts may hang below one row
      return Math.min(across, down * this.aspect);
    };
    const options = Array.from({ length: count }, (_, index) => index + 1);
    const best = options.reduce((a, b) => (size(b) > size(a) ? b : a), 1);
    this.panes.style.setProperty("--columns", best);
    this.panes.style.setProperty("--least", "0px");
  }
}

customElements.define("compare-board", CompareBoard);
