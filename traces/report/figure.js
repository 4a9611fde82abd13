// SPDX-License-Identifier: Apache-2.0
"use strict";
// A chart with its description and its data as a table. Charts take their colours from the style
// sheet when they are made, and are made again when these, or what they show, change.

const MOST_PRINTED_ROWS = 40;
const GREY = 6; // the last of the seven colours
const figures = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function seriesColour(index) {
  return colour(`c${index % 7}`);
}

/**
 * Appends a chart. `label` says in words what it shows; `config` makes the chart's configuration;
 * `columns` and `rows` are the same data as a table. `zoom`, if given, is a Zoom whose range the
 * chart shows: `config` is called with it.
 */
function figure(parent, { title, note, label, height, config, columns, rows, zoom }) {
  const canvas = el("canvas", { role: "img", "aria-label": label });
  const box = el("div", { class: "canvas" }, canvas);
  box.style.height = `${height ?? 260}px`;
  const data = el("details", {}, el("summary", {}, `Data: ${title}`), table(label, columns, rows));
  if (rows.length > MOST_PRINTED_ROWS) data.dataset.long = "";
  const text = el("div", {}, el("h3", {}, title));
  if (note) text.append(el("p", { class: "note" }, note));
  parent.append(el("figure", {}, text, box, data));
  const entry = { canvas, config, zoom, chart: null };
  figures.push(entry);
  if (zoom) zoom.add(entry, box);
  draw(entry);
}

/** Says in words why a chart is not there. */
function missing(parent, title, why) {
  parent.append(el("h3", {}, title), el("p", { class: "note" }, why));
}

function draw(entry) {
  if (entry.chart) entry.chart.destroy();
  Chart.defaults.color = colour("ink");
  Chart.defaults.borderColor = colour("line");
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.plugins.legend.labels.boxWidth = 14;
  entry.chart = new Chart(entry.canvas, entry.config(entry.zoom?.range));
}

function redrawAll() {
  figures.forEach(draw);
}

/** Paper is light, shows the tables that are not too long, and has its own width. */
function preparePrint() {
  const closed = [...document.querySelectorAll("details:not([open]):not([data-long])")];
  document.documentElement.dataset.printing = "";
  closed.forEach((details) => { details.open = true; });
  redrawAll();
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.printing;
    closed.forEach((details) => { details.open = false; });
    redrawAll();
  }, { once: true });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
matchMedia("print").addEventListener("change", () => {
  figures.forEach(({ chart }) => chart.resize());
});
addEventListener("beforeprint", preparePrint);

function axis(text, options = {}) {
  return { title: { display: true, text }, ...options };
}

/** A logarithmic axis with numbers at the powers of ten. */
function logAxis(text) {
  const power = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  return axis(text, { type: "logarithmic",
    ticks: { maxRotation: 0, callback: (value) => (power(value) ? compact(value) : "") } });
}

function legend(display) {
  return { plugins: { legend: { display } } };
}

/** Points of a line: [{x, y}]. */
function line(label, index, data, options = {}) {
  return {
    label, data, borderColor: seriesColour(index), backgroundColor: seriesColour(index),
    borderWidth: 2, clip: 6, pointRadius: data.length > 60 ? 0 : 2,
    pointStyle: ["circle", "rect", "triangle", "rectRot", "star"][index % 5],
    ...options,
  };
}

function bars(label, index, data, options = {}) {
  return { label, data, backgroundColor: seriesColour(index), ...options };
}
