"use strict";
// Numbers as text, and elements.

/** Keys of the engines of a run, in its order. */
function enginesOf(run) {
  return Object.keys(run.summary.engines);
}

/** Whether a row of layers[] is about array work; older runs list no other. */
function isArray(layer) {
  return (layer.kind ?? "array") === "array";
}

function engineTitle(run, engine) {
  return run.summary.engines[engine].title;
}

/** Up to `digits` significant digits, thousands grouped: 2,000,838, 37.52, 0.00012. */
function compact(value, digits = 4) {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  if (Math.abs(value) >= 10 ** digits) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(digits)).toLocaleString("en-US", { maximumFractionDigits: 12 });
}

/** What a number looks like: `scale` and suffix of every unit the tables use. */
const UNITS = {
  "": { scale: 1, suffix: "" },
  s: { scale: 1, suffix: " s" },
  "%": { scale: 100, suffix: " %" },
  MB: { scale: 1e-6, suffix: " MB" },
  GB: { scale: 1e-9, suffix: " GB" },
};

function formatted(value, unit = "") {
  const { scale, suffix } = UNITS[unit];
  return compact(value * scale) + suffix;
}

function percent(share) {
  return share === undefined ? "" : `${(100 * share).toFixed(1)} %`;
}

/** An element with attributes and children (text or elements). */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The value at a dotted path such as "layers.3.cycles", undefined where there is none. */
function lookUp(object, path) {
  return path.split(".").reduce((at, key) => (at == null ? undefined : at[key]), object);
}

/** A field of summary.json: exact in the value attribute, readable in the text. */
function field(run, path, unit = "") {
  const value = lookUp(run.summary, path);
  if (value == null) return "";
  const attributes = { value, "data-run": run.index, "data-field": path };
  if (typeof value !== "number") return el("data", attributes, value);
  return el("data", { ...attributes, "data-unit": unit }, formatted(value, unit));
}

function isNumber(cell) {
  if (typeof cell === "number") return true;
  if (cell instanceof Element) return cell.hasAttribute("data-unit");
  return typeof cell === "string" && /^-?[\d.,]+( %)?$/.test(cell);
}

/** Whether all cells of a column are numbers, which are aligned to the right. */
function isNumeric(rows, column) {
  return rows.map((row) => row[column]).every((cell) => cell === "" || isNumber(cell));
}

/** A table whose first cell of every row is its heading. */
function table(caption, columns, rows) {
  const numeric = columns.map((_, c) => c > 0 && isNumeric(rows, c));
  const style = (c) => (numeric[c] ? { class: "number" } : {});
  const head = columns.map((text, c) => el("th", { scope: "col", ...style(c) }, text));
  const body = rows.map((row) =>
    el("tr", {}, ...row.map((cell, c) => {
      const content = typeof cell === "number" ? compact(cell) : cell;
      return c === 0 ? el("th", { scope: "row" }, content) : el("td", style(c), content);
    })));
  const content = el("table", {}, el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    content);
}
