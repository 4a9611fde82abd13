// SPDX-License-Identifier: Apache-2.0
"use strict";
// Reads the data and puts the page together.

function section(main, id, title) {
  const content = el("section", { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title));
  main.append(content);
  return content;
}

function group(parent) {
  const content = el("div", { class: "charts" });
  parent.append(content);
  return { append: (...children) => content.append(el("div", {}, ...children)) };
}

/** Of a run with many engines those that were busy longest, in its order. */
function busiestEngines(run) {
  const MOST = 6;
  const busy = (engine) => run.summary.engines[engine].busy_cycles;
  const chosen = enginesOf(run).sort((a, b) => busy(b) - busy(a)).slice(0, MOST);
  return enginesOf(run).filter((engine) => chosen.includes(engine));
}

function runSection(main, run, title) {
  const part = section(main, `run-${run.index}`, title);
  part.append(whatWasRun(run), el("h3", {}, "Warnings"), warningList(run),
    headlineTable(run), clusterTable(run), cardsTable(run), breakdownTable(run), engineTable(run),
    memoryTable(run));
  const learning = group(part);
  lossChart(learning, [run]);
  accuracyChart(learning, [run]);
  stepsChart(learning, run);
  pipelineChart(part, run);
  meetingsChart(part, run);
  meshMap(part, run);
  busiestEngines(run).forEach((engine) => stallChart(part, run, engine));
  timeCharts(part, run);
  const roofs = group(part);
  run.analysis.rooflines.forEach((roofline) => rooflineChart(roofs, roofline));
  sparsityChart(part, run);
  energy(part, run);
  part.append(el("h3", {}, "Layers"), layerTable(run),
    el("details", { "data-long": "" }, el("summary", {}, "Effective configuration"),
      table("Configuration", ["Key", "Value"], flattened(run.summary.config))));
}

function navigation(runs) {
  const links = runs.map((run) => [`run-${run.index}`, run.name]);
  if (runs.length > 1) links.unshift(["comparison", "Comparison"]);
  return el("ul", {},
    ...links.map(([id, text]) => el("li", {}, el("a", { href: `#${id}` }, text))));
}

function build() {
  const { runs } = JSON.parse(document.getElementById("data").textContent);
  runs.forEach((run, index) => { run.index = index; });
  const names = runs.map((run) => run.name).join(", ");
  document.title = `${names} - H2Learn-VP report`;
  const links = document.getElementById("navigation");
  if (runs.length > 1) links.append(navigation(runs));
  else links.remove();
  const main = document.getElementById("content");
  if (runs.length > 1) comparison(section(main, "comparison", "Comparison"), runs);
  runs.forEach((run) => runSection(main, run, run.name));
  // Columns became narrower as charts were added beside the first.
  figures.forEach(({ chart }) => chart.resize());
}

build();
