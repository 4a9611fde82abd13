// SPDX-License-Identifier: Apache-2.0
"use strict";
// Rooflines, sparsity, decisions by step and energy of one run.

/** The roof from below the leftmost point to the right of corner and points: [{x, y}]. */
function roof(peakMacs, peakBytes, points) {
  const corner = peakMacs / peakBytes;
  const xs = points.map((point) => point.macs_per_byte);
  const left = Math.min(corner, ...xs) / 2;
  const right = Math.max(corner, ...xs) * 2;
  return [left, corner, right].map((x) => ({ x, y: Math.min(peakMacs, x * peakBytes) }));
}

/** Points that the eye cannot tell apart, as one that is named after all its layers. */
function merged(points) {
  const near = (a, b) => Math.abs(Math.log(a / b)) < 0.05;
  const groups = [];
  for (const point of points) {
    const group = groups.find(([first]) => near(first.macs_per_byte, point.macs_per_byte) &&
      near(first.macs_per_cycle, point.macs_per_cycle));
    if (group) group.push(point);
    else groups.push([point]);
  }
  return groups.map((group) => ({ ...group[0],
    layer: group.map(({ layer }) => layer).join(", ") }));
}

function rooflineChart(parent, { title, memories, points, ...peaks }) {
  const name = `Roofline: ${title}`;
  const macs = peaks.peak_macs_per_cycle;
  const bytes = peaks.peak_bytes_per_cycle;
  if (points.length === 0 || !(bytes > 0) || !(macs > 0)) {
    missing(parent, name, "No layer of this engine moved bytes and did work.");
    return;
  }
  const reached = (point) =>
    point.macs_per_cycle / Math.min(macs, point.macs_per_byte * bytes);
  const best = points.reduce((a, b) => (reached(a) < reached(b) ? b : a));
  figure(parent, {
    title: name,
    note: `Roofs: ${compact(macs)} MACs per cycle of the array, ${
      compact(bytes)} bytes per cycle of ${memories}.`,
    label: `Executed MACs per cycle over MACs per byte, both logarithmic; ${best.layer} comes ` +
      `nearest to its roof, ${percent(reached(best))}`,
    columns: ["Layer", "MACs per byte", "MACs per cycle", "Of its roof"],
    rows: points.map((point) => [point.layer, compact(point.macs_per_byte),
      compact(point.macs_per_cycle), percent(reached(point))]),
    height: 300,
    config: () => ({
      type: "scatter",
      data: { datasets: [
        ...merged(points).map((point, i) => line(point.layer, i,
          [{ x: point.macs_per_byte, y: point.macs_per_cycle }], { pointRadius: 6 })),
        line("Roof", 6, roof(macs, bytes, points),
          { showLine: true, pointRadius: 0, pointStyle: "line" })] },
      options: {
        plugins: { legend: { labels: { usePointStyle: true, boxHeight: 7 } } },
        scales: { x: logAxis("MACs per byte"), y: logAxis("MACs per cycle") } },
    }),
  });
}

const SPARSITIES = [
  ["output, measured", "measured_output"],
  ["output, configured", "configured_output"],
  ["output, Table III", "paper_output"],
  ["input, measured", "measured_input"],
  ["input, configured", "configured_input"],
  ["input, Table III", "paper_input"],
];
const BACKWARD_WORK = ["MACs done of dense", "backward_work"];

function sparsityNote(run, present) {
  const { network } = run.analysis.sparsity;
  const has = (kind) => present.some(([, key]) => key.startsWith(kind));
  return [
    "Output: closed masks of the layer. Input: zeros of grad-u one layer above.",
    network ? `Table III is the paper's measurement on ${network}.`
      : "The network is none of the paper's, so Table III has no values for it.",
    has("measured") ? "" : "The run has no statistics of measured densities.",
    has("backward_work") ? "MACs done: of the dense backward pass into the layer." : "",
  ].join(" ").trim();
}

function sparsityChart(parent, run) {
  if (!run.summary.layers.some((layer) => passOf(layer) === "backward")) return;
  const { layers } = run.analysis.sparsity;
  const present = [...SPARSITIES, BACKWARD_WORK]
    .filter(([, key]) => layers.some((layer) => layer[key] !== undefined));
  if (present.length === 0) {
    missing(parent, "Sparsity of the backward pass", sparsityNote(run, present));
    return;
  }
  figure(parent, {
    title: "Sparsity of the backward pass",
    note: sparsityNote(run, present),
    label: `Per cent per layer: ${present.map(([text]) => text).join("; ")}`,
    columns: ["Layer", ...present.map(([text]) => text)],
    rows: layers.map((layer) => [layer.layer, ...present.map(([, key]) => percent(layer[key]))]),
    height: 300,
    config: () => ({
      type: "bar",
      data: { labels: layers.map((layer) => layer.layer), datasets: present.map(([text, key], i) =>
        bars(text, i, layers.map((layer) =>
          (layer[key] === undefined ? null : 100 * layer[key])))) },
      options: { scales: { y: axis("%", { min: 0 }) } },
    }),
  });
}

/** Where the first spike decides: test samples decided right within so many steps. */
function stepsChart(parent, run) {
  const shares = run.summary.inference?.accuracy_by_step;
  if (!shares) return;
  const { accuracy } = run.summary.inference;
  figure(parent, {
    title: "Accuracy by step",
    note: "Share of the test samples that a first spike had decided right. All: with those that " +
      "no spike decided, as the run answered them.",
    label: `Decided right within ${shares.length} steps: ${percent(shares.at(-1))}; all ${
      percent(accuracy)}`,
    columns: ["Step", "Decided right"],
    rows: shares.map((share, t) => [`${t + 1}`, percent(share)]),
    config: () => ({
      type: "line",
      data: { datasets: [
        line("decided right", 0, shares.map((share, t) => ({ x: t + 1, y: 100 * share }))),
        line("all", 1, [1, shares.length].map((x) => ({ x, y: 100 * accuracy })),
          { pointRadius: 0 })] },
      options: { scales: { x: axis("Step", { type: "linear", min: 1, ticks: { stepSize: 1 } }),
        y: axis("Correct, %", { min: 0, max: 100 }) } },
    }),
  });
}

/** Of a number in summary.energy: "..._w" and "..._js" say so, all others are joules. */
function energyUnit(path) {
  if (/_w(\.|$)/.test(path)) return "W";
  return path.endsWith("_js") ? "Js" : "J";
}

function energyTable(run, numbers, caption) {
  return table(caption, ["Field of summary.json", "Value"], numbers.map(([path]) =>
    [path.slice("energy.".length), field(run, path, energyUnit(path))]));
}

/** Every number of summary.energy, and a chart for each group of numbers in it. */
function energy(parent, run) {
  const all = run.summary.energy;
  if (all === undefined) {
    missing(parent, "Energy", "summary.json has no energy: it is not modelled in this run.");
    return;
  }
  const numbers = numbersBelow(all, "energy");
  const total = ([path]) => !path.slice("energy.".length).includes(".");
  parent.append(el("h3", {}, "Energy"),
    energyTable(run, numbers.filter(total), "Energy of the run; of the memories apart: dram"),
    el("details", {}, el("summary", {}, "Data: parts of the energy"),
      energyTable(run, numbers.filter((number) => !total(number)), "Parts of the energy")));
  for (const [group, members] of Object.entries(all)) {
    const parts = Object.entries(members ?? {}).filter(([, value]) => typeof value === "number");
    if (parts.length < 2) continue;
    const largest = parts.reduce((a, b) => (a[1] < b[1] ? b : a));
    const unit = energyUnit(group);
    const [prefix, size] = prefixFor(largest[1], unit);
    const name = group.replaceAll("_", " ");
    figure(parent, {
      title: `Energy: ${name}`,
      label: `Breakdown ${name}; ${largest[0]} is the largest, ${formatted(largest[1], unit)}`,
      columns: ["Part", name],
      rows: parts.map(([part, value]) => [part, formatted(value, unit)]),
      height: 90 + 26 * parts.length,
      config: () => ({
        type: "bar",
        data: { labels: parts.map(([part]) => part.replaceAll("_", " ")),
          datasets: [bars(name, 0, parts.map(([, value]) => value / size))] },
        options: { indexAxis: "y", ...legend(false),
          scales: { x: axis(prefix + unit, { beginAtZero: true }) } },
      }),
    });
  }
}
