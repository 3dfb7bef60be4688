/** <live-log data-src="…">: the end of a run's log, growing at its end until the run has ended. */
const EVERY = 2000; // milliseconds
const KEPT = 200_000; // characters

class LiveLog extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("pre");
    this.next = "";
    this.addEventListener("toggle", () => this.fetchMore(), { capture: true, once: true });
    this.looking = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      this.looking.disconnect();
      this.fetchMore();
    });
    this.looking.observe(this);
  }

  disconnectedCallback() {
    this.looking.disconnect();
    clearTimeout(this.timer);
  }

  async fetchMore() {
    let over = false;
    try {
      const answer = await fetch(`${this.dataset.src}?from=${this.next}`);
      if (!answer.ok) throw new Error(answer.status);
      const more = await answer.json();
      over = more.over;
      this.next = more.next;
      this.append_(more.text);
    } catch {
      // The next turn asks again.
    }
    if (!over) this.timer = setTimeout(() => this.fetchMore(), EVERY);
  }

  append_(text) {
    if (!text) return;
    const atEnd = this.text.scrollTop + this.text.clientHeight >= this.text.scrollHeight - 8;
    this.text.textContent = (this.text.textContent + text).slice(-KEPT);
    if (atEnd) this.text.scrollTop = this.text.scrollHeight;
  }
}

customElements.define("live-log", LiveLog);
