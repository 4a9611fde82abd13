"use strict";
// Several runs side by side. The first is what the others are compared with.

/** A headline number of every run, with its ratio to the first. */
function comparisonTable(runs) {
  const rows = HEADLINES
    .filter(([, path]) => runs.some((run) => lookUp(run.summary, path) != null))
    .map(([text, path, unit]) => {
      const first = lookUp(runs[0].summary, path);
      const cells = runs.map((run, i) => {
        const value = lookUp(run.summary, path);
        const comparable = i > 0 && typeof value === "number" && first > 0;
        return el("span", {}, field(run, path, unit),
          comparable ? ` (x ${compact(value / first, 3)})` : "");
      });
      return [text, ...cells];
    });
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

function configurationDifferences(runs) {
  const configs = runs.map((run) => new Map(flattened(run.summary.config)));
  const keys = [...new Set(configs.flatMap((config) => [...config.keys()]))].sort();
  const rows = keys.map((key) => [key, ...configs.map((config) => config.get(key) ?? "")])
    .filter(([, ...values]) => values.some((value) => value !== values[0]));
  if (rows.length === 0) return el("p", {}, "The configurations are the same.");
  return table("Configuration keys that differ", ["Key", ...runs.map((run) => run.name)], rows);
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
  lossChart(parent, runs);
  accuracyChart(parent, runs);
}
