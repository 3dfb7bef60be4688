/** What a chart draws, as a table, and how its numbers are written. */
const numbers = new Intl.NumberFormat(document.documentElement.lang, {
  maximumSignificantDigits: 4,
});

export const write = (value) => (Number.isFinite(value) ? numbers.format(value) : "–");
export const date = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 10);

export function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** A column for each series; `place` writes x, `title` is the caption. */
export function tableOf(series, { x, title, place }) {
  const table = document.createElement("table");
  table.className = "data";
  table.createCaption().textContent = title;
  const titles = [x, ...series.map((one) => one.label)];
  const head = table.createTHead().insertRow();
  head.append(...titles.map((name) => heading(name, "col")));
  const body = table.createTBody();
  for (const [name, values] of rows(series, place)) {
    const row = body.insertRow();
    row.append(heading(name, "row"));
    for (const value of values) row.insertCell().textContent = write(value);
  }
  return table;
}

/** A row for each x that one of the series has. */
function rows(series, place) {
  const at = series.map((one) => new Map(one.x.map((x, n) => [x, one.y[n]])));
  const places = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
  return places.map((x) => [place(x), at.map((values) => values.get(x))]);
}

function heading(text, scope) {
  const cell = element("th", text);
  cell.scope = scope;
  return cell;
}
