// SPDX-License-Identifier: Apache-2.0
"use strict";
// Several runs side by side. The first is what the others are compared with.

/** What identifies a run: shown once, then as "same" or "different", with all of it on hover. */
const IDENTITIES = ["result.weights_sha256", "version", "commit", "numerics"];
/** What stands in the section of its run only: too long for a column. */
const NOT_COMPARED = ["command"];

function comparedCell(runs, i, path, unit) {
  const value = lookUp(runs[i].summary, path);
  const first = lookUp(runs[0].summary, path);
  if (i > 0 && IDENTITIES.includes(path)) {
    return shortened(runs[i], path, value === first ? "same" : "different");
  }
  if (path === "result.weights_sha256") return shortened(runs[i], path);
  const comparable = i > 0 && typeof value === "number" && first > 0;
  return el("span", {}, field(runs[i], path, unit),
    comparable ? ` (x ${compact(value / first, 3)})` : "");
}

/** A headline number of every run, with its ratio to the first. */
function comparisonTable(runs) {
  const rows = HEADLINES
    .filter(([, path]) => !NOT_COMPARED.includes(path))
    .filter(([, path]) => runs.some((run) => lookUp(run.summary, path) != null))
    .map(([text, path, unit]) =>
      [text, ...runs.map((run, i) => comparedCell(runs, i, path, unit))]);
  return table(`Headline numbers; in brackets the ratio to ${runs[0].name}`,
    ["", ...runs.map((run) => run.name)], rows);
}

/** Every value of a nested object by dotted path; lists are one value. */
function flattened(object, path = "") {
  return Object.entries(object).flatMap(([key, value]) => {
    const name = path ? `${path}.${key}` : key;
    const nested = value !== null && typeof value === "object" && !Array.isArray(value);
    return nested ? flattened(value, name) : [[name, JSON.stringify(value)]];
  });
}

/** Keys that a preset sets, with the key of the preset: they differ because the preset does. */
const PRESETS = [["memory.dram.", "memory.preset"]];

function configurationDifferences(runs) {
  const configs = runs.map((run) => new Map(flattened(run.summary.config)));
  const columns = ["Key", ...runs.map((run) => run.name)];
  const keys = [...new Set(configs.flatMap((config) => [...config.keys()]))].sort();
  const differing = keys.map((key) => [key, ...configs.map((config) => config.get(key) ?? "")])
    .filter(([, ...values]) => values.some((value) => value !== values[0]));
  if (differing.length === 0) return el("p", {}, "The configurations are the same.");
  const rows = [];
  const folded = [];
  for (const row of differing) {
    const preset = PRESETS.find(([prefix, key]) =>
      row[0].startsWith(prefix) && differing.some(([name]) => name === key));
    (preset ? folded : rows).push(row);
  }
  const all = el("div", {}, table("Configuration keys that differ", columns, rows));
  if (folded.length > 0) {
    all.append(el("details", { "data-long": "" },
      el("summary", {}, `${folded.length} keys that differ with their preset`),
      table("Keys that a preset sets", columns, folded)));
  }
  return all;
}

/** Mean bandwidth of every memory, as a share of what its device can do. */
function bandwidthComparison(parent, runs) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.summary.memory)))];
  const share = (run, name) => {
    const memory = run.summary.memory[name];
    return memory && memory.peak_gbps > 0 ? memory.bandwidth_gbps / memory.peak_gbps : undefined;
  };
  const text = (run, name) => {
    const memory = run.summary.memory[name];
    return memory ? `${formatted(memory.bandwidth_gbps * 1e9, "B")}/s` : "";
  };
  figure(parent, {
    title: "Bandwidth of the memories",
    label: `Mean bandwidth over the run: ${runs.map((run) => `${run.name} ${
      names.map((name) => text(run, name)).filter((t) => t).join(", ")}`).join("; ")}`,
    columns: ["Memory", ...runs.flatMap((run) => [run.name, `${run.name}, of its peak`])],
    rows: names.map((name) =>
      [name, ...runs.flatMap((run) => [text(run, name), percent(share(run, name))])]),
    config: () => ({
      type: "bar",
      data: { labels: names, datasets: runs.map((run, i) => bars(run.name, i,
        names.map((name) => run.summary.memory[name]?.bandwidth_gbps ?? null))) },
      options: { scales: { y: axis("1e9 B/s", { beginAtZero: true }) } },
    }),
  });
}

function cyclesChart(parent, runs) {
  const cycles = runs.map((run) => run.summary.time.cycles_per_sub_batch);
  figure(parent, {
    title: "Cycles per sub-batch",
    label: `Cycles per sub-batch: ${runs.map((run, i) =>
      `${run.name} ${compact(cycles[i])}`).join("; ")}`,
    columns: ["Run", "Cycles per sub-batch"],
    rows: runs.map((run, i) => [run.name, cycles[i]]),
    height: 90 + 34 * runs.length,
    config: () => ({
      type: "bar",
      data: { labels: runs.map((run) => run.name),
        datasets: [bars("Cycles per sub-batch", 0, cycles)] },
      options: { indexAxis: "y", ...legend(false),
        scales: { x: axis("Cycles", { beginAtZero: true }) } },
    }),
  });
}

/** Busy, stall and idle shares of the engines of every run. */
function engineSharesChart(parent, runs) {
  const states = [["busy", "busy_cycles", 0], ["stall", "stall_cycles", 1],
    ["idle", "idle_cycles", 6]];
  const rows = runs.flatMap((run) => enginesOf(run).map((key) => {
    const spent = run.summary.engines[key];
    const all = spent.busy_cycles + spent.stall_cycles + spent.idle_cycles;
    return [`${run.name}, ${engineTitle(run, key)}`,
      ...states.map(([, name]) => (all > 0 ? spent[name] / all : 0))];
  }));
  figure(parent, {
    title: "Time of the engines",
    label: "Stacked shares of time that each engine is busy, stalled and idle, per run",
    columns: ["Run and engine", ...states.map(([text]) => text)],
    rows: rows.map(([name, ...shares]) => [name, ...shares.map(percent)]),
    height: 90 + 26 * rows.length,
    config: () => ({
      type: "bar",
      data: { labels: rows.map(([name]) => name), datasets: states.map(([text, , c], i) =>
        bars(text, c, rows.map((row) => 100 * row[i + 1]))) },
      options: { indexAxis: "y", scales: {
        x: axis("% of the run", { stacked: true, min: 0, max: 100 }), y: { stacked: true } } },
    }),
  });
}

function comparison(parent, runs) {
  parent.append(comparisonTable(runs), configurationDifferences(runs));
  cyclesChart(parent, runs);
  engineSharesChart(parent, runs);
  bandwidthComparison(parent, runs);
  lossChart(parent, runs);
  accuracyChart(parent, runs);
}
