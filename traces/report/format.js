// SPDX-License-Identifier: Apache-2.0
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

/** What a row of layers[] is about: a pass, an update, ...; older runs name the engine alone. */
function passOf(layer) {
  return layer.pass ?? (isArray(layer) ? layer.engine : layer.kind);
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

/** Prefixes of the units that take them: the first that leaves a number of at least one. */
const PREFIXES = {
  s: [["", 1], ["m", 1e-3], ["u", 1e-6], ["n", 1e-9], ["p", 1e-12]],
  B: [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3], ["", 1]],
};
PREFIXES.W = PREFIXES.s;
PREFIXES.J = [...PREFIXES.s, ["f", 1e-15]];
PREFIXES.Js = [...PREFIXES.J, ["a", 1e-18]];

/** [prefix, size] in which to write `value` of a unit that takes prefixes. */
function prefixFor(value, unit) {
  const rounded = Math.abs(Number(value.toPrecision(4)));
  return PREFIXES[unit].find(([, size]) => rounded >= size) ?? PREFIXES[unit].at(-1);
}

/** A number with its unit: "" (none), "%" (of a share), or a unit that takes prefixes. */
function formatted(value, unit = "") {
  if (unit === "%") return `${compact(value * 100)} %`;
  if (!PREFIXES[unit]) return compact(value);
  if (value === 0) return `0 ${unit}`;
  const [prefix, size] = prefixFor(value, unit);
  return `${compact(value / size)} ${prefix}${unit}`;
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

/** A long name of which eight characters are shown; all of it is in the title. */
function shortened(run, path, text) {
  const value = lookUp(run.summary, path);
  if (value == null) return "";
  return el("data", { value, "data-run": run.index, "data-field": path, "data-short": "",
    title: value }, text ?? `${value.slice(0, 8)}...`);
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
  return typeof cell === "string" && /^-?[\d.,]+( %| [TGMkmunpfa]?(s|B|J|Js|W)(\/s)?)?$/.test(cell);
}

/** Whether all cells of a column are numbers, which are aligned to the right. */
function isNumeric(rows, column) {
  return rows.map((row) => row[column]).every((cell) => cell === "" || isNumber(cell));
}

/**
 * A table whose first cell of every row is its heading. On a narrow screen every row is a block with
 * a line per cell, which `data-column` names.
 */
function table(caption, columns, rows) {
  const numeric = columns.map((_, c) => c > 0 && isNumeric(rows, c));
  const style = (c) => (numeric[c] ? { class: "number" } : {});
  const head = columns.map((text, c) => el("th", { scope: "col", ...style(c) }, text));
  const body = rows.map((row) =>
    el("tr", {}, ...row.map((cell, c) => {
      const content = typeof cell === "number" ? compact(cell) : cell;
      return c === 0 ? el("th", { scope: "row" }, content)
        : el("td", { ...style(c), "data-column": columns[c] }, content);
    })));
  const content = el("table", columns.length > 2 ? { class: "wide" } : {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    content);
}
