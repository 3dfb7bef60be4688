/**
 * <confusion-matrix>: counts as a table, rows the truth, columns the prediction, with IoU by class.
 *
 * `show({classes, counts})` draws it. Beside each class stands a choice: shown by itself, merged
 * into another class, or hidden, which treats its true pixels as ignored; mIoU follows at once.
 * With more classes than fit a table the rarest start merged.
 */
const MOST = 30;
const HIDDEN = "hidden";

class ConfusionMatrix extends HTMLElement {
  connectedCallback() {
    this.merged = new Map(); // class → class it is counted as, or HIDDEN
    this.addEventListener("change", ({ target }) => this.choose(target));
    this.querySelector("[data-reset]").addEventListener("click", () => {
      this.merged.clear();
      this.show(this.data);
    });
  }

  show(data) {
    const first = !this.data;
    this.data = data;
    if (first) this.mergeRarest();
    this.choices();
    this.draw();
  }

  mergeRarest() {
    const { classes, counts } = this.data;
    const pixels = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
    const order = classes.map((_, n) => n).sort((a, b) => pixels[b] - pixels[a]);
    for (const rare of order.slice(MOST)) this.merged.set(rare, order[MOST - 1]);
  }

  choose(select) {
    if (!select.dataset.class) return;
    const own = Number(select.dataset.class);
    if (select.value === "") this.merged.delete(own);
    else this.merged.set(own, select.value === HIDDEN ? HIDDEN : Number(select.value));
    // What was merged into a class that is no longer there by itself is by itself again.
    for (const [other, into] of this.merged) if (this.merged.has(into)) this.merged.delete(other);
    this.choices();
    this.draw();
  }

  /** The classes as they are counted now, and the counts between them. */
  counted() {
    const { classes, counts } = this.data;
    const kept = classes.map((_, n) => n).filter((n) => !this.merged.has(n));
    const place = classes.map((_, n) => kept.indexOf(this.merged.get(n) ?? n));
    const hidden = kept.map(() => 0); // predictions of a hidden class: wrong wherever they are
    const sums = kept.map(() => kept.map(() => 0));
    counts.forEach((row, truth) => {
      if (place[truth] < 0) return;
      row.forEach((count, guess) => {
        if (place[guess] < 0) hidden[place[truth]] += count;
        else sums[place[truth]][place[guess]] += count;
      });
    });
    return { kept, sums, hidden };
  }

  draw() {
    const { kept, sums, hidden } = this.counted();
    const truths = sums.map((row, n) => row.reduce((sum, count) => sum + count, hidden[n]));
    const guesses = sums.map((_, n) => sums.reduce((sum, row) => sum + row[n], 0));
    const ious = sums.map((row, n) => row[n] / (truths[n] + guesses[n] - row[n]));
    const known = ious.filter((iou) => !Number.isNaN(iou));
    const hits = sums.reduce((sum, row, n) => sum + row[n], 0);
    const total = truths.reduce((sum, count) => sum + count, 0);
    this.querySelector("[data-miou]").textContent = percent(
      known.reduce((sum, iou) => sum + iou, 0) / known.length,
    );
    this.querySelector("[data-accuracy]").textContent = percent(hits / total);
    this.querySelector("[data-changed]").hidden = this.merged.size === 0;

    const table = document.createElement("table");
    table.className = "matrix small";
    table.createCaption().textContent = this.dataset.caption;
    const head = table.createTHead().insertRow();
    const names = kept.map((n) => this.name(n));
    for (const name of [this.dataset.corner, ...names, "IoU"]) head.append(heading(name, "col"));
    const body = table.createTBody();
    kept.forEach((_, truth) => {
      const row = body.insertRow();
      row.append(heading(names[truth], "row"));
      sums[truth].forEach((count, guess) => {
        const share = truths[truth] ? count / truths[truth] : 0;
        const cell = row.insertCell();
        cell.textContent = share >= 0.0005 ? percent(share) : "";
        cell.title = `${names[truth]} → ${names[guess]}: ${count.toLocaleString()}`;
        cell.className = guess === truth ? "right" : "wrong";
        cell.style.setProperty("--share", `${Math.round(100 * Math.sqrt(share)) * 0.5}%`);
      });
      const cell = row.insertCell();
      cell.className = "iou";
      cell.textContent = percent(ious[truth]);
    });
    this.querySelector("table.matrix").replaceWith(table);
  }

  name(number) {
    const merged = [...this.merged].filter(([, into]) => into === number).map(([n]) => n);
    return [number, ...merged].map((n) => this.data.classes[n].name).join(" + ");
  }

  /** One select a class, in the list beside the table. */
  choices() {
    const list = this.querySelector("[data-choices]");
    const { classes } = this.data;
    list.replaceChildren(
      ...classes.map((entry, own) => {
        const label = document.createElement("label");
        const select = document.createElement("select");
        select.dataset.class = own;
        select.append(new Option(this.dataset.shown, ""), new Option(this.dataset.hidden, HIDDEN));
        classes.forEach((other, n) => {
          if (n === own || this.merged.has(n)) return;
          select.append(new Option(this.dataset.merge.replace("{}", other.name), n));
        });
        select.value = this.merged.get(own) ?? "";
        label.append(entry.name, select);
        return label;
      }),
    );
  }
}

const percent = (share) => (Number.isNaN(share) ? "–" : (100 * share).toFixed(1));

function heading(text, scope) {
  const cell = document.createElement("th");
  Object.assign(cell, { scope, textContent: text });
  return cell;
}

customElements.define("confusion-matrix", ConfusionMatrix);
