// SPDX-License-Identifier: Apache-2.0
"use strict";
// Tables of one run. Every number of summary.json is shown through field().

const HEADLINES = [
  ["Test accuracy", "result.test_accuracy", "%"],
  ["Samples of the test", "result.test_samples"],
  ["Test, 95 % interval from", "result.test_interval_95.0", "%"],
  ["Test, 95 % interval to", "result.test_interval_95.1", "%"],
  ["Validation accuracy", "result.validation_accuracy", "%"],
  ["Samples of the validation", "result.validation_samples"],
  ["Validation, 95 % interval from", "result.validation_interval_95.0", "%"],
  ["Validation, 95 % interval to", "result.validation_interval_95.1", "%"],
  ["Training accuracy, last epoch", "result.train_accuracy", "%"],
  ["Cycles per sub-batch", "time.cycles_per_sub_batch"],
  ["Epoch, simulated", "time.epoch_seconds", "s"],
  ["Samples per simulated second", "time.samples_per_second"],
  ["Sub-batches", "time.sub_batches"],
  ["Cycles", "time.cycles"],
  ["Simulated time", "time.seconds", "s"],
  ["Test, simulated time", "time.evaluation.seconds", "s"],
  ["Wall time", "wall.seconds", "s"],
  ["Started, UTC", "wall.started"],
  ["Largest resident memory", "wall.peak_rss_bytes", "B"],
  ["Weights, SHA-256", "result.weights_sha256"],
  ["Version", "version"],
  ["Commit", "commit"],
  ["Command", "command"],
  ["Arithmetic", "numerics"],
];

/** A second sentence, of runs with data. */
function howTrained(run) {
  if (!run.summary.result) return [];
  const of = (key) => field(run, `config.training.${key}`);
  const loss = run.summary.accelerator === "spinaps" ? "minus log likelihood" : of("loss");
  return [" Epochs: ", of("epochs"), "; optimiser ", of("optimizer"), ", learning rate ",
    of("learning_rate"), "; loss ", loss, "; seed ", of("seed"), "."];
}

/** "split memory hbm2"; an accelerator may have one memory whatever the key says. */
function memoryText(run) {
  const one = Object.keys(run.summary.memory).length === 1;
  const kind = one && run.summary.config.memory.organisation === "split" ? "one"
    : field(run, "config.memory.organisation");
  return [kind, " memory ", field(run, "config.memory.preset")];
}

/** One sentence: what was run. */
function whatWasRun(run) {
  const { config } = run.summary;
  const { channels, height, width } = config.network.input;
  const kind = run.summary.result
    ? `Trained on data set ${config.dataset?.kind ?? "unknown"}`
    : "Timed without data, masks drawn from densities or read from files";
  const steps = config.network.timesteps ? `, ${config.network.timesteps} timesteps` : "";
  return el("p", {}, `${kind}: `, el("code", {}, config.network.layers),
    ` on ${channels} x ${height} x ${width} inputs${steps}, sub-batches of `,
    field(run, "config.training.sub_batch"), " samples, updates every ",
    field(run, "config.training.batch_group"), " sub-batches, ",
    field(run, "config.clock_mhz"), " MHz, ", ...memoryText(run), ".", ...howTrained(run));
}

function warningList(run) {
  const list = run.analysis.warnings;
  if (list.length === 0) return el("p", {}, "No warnings.");
  return el("ul", { class: "warnings", "aria-label": "Warnings" },
    ...list.map((text) => el("li", {}, text)));
}

function headlineTable(run) {
  const rows = HEADLINES.filter(([, path]) => lookUp(run.summary, path) !== undefined)
    .map(([text, path, unit]) => [text, field(run, path, unit) || "not tested"]);
  return table("Headline numbers", ["", "Value"], rows);
}

function engineTable(run) {
  const cycles = run.summary.time.cycles;
  const rows = enginesOf(run).map((key) => {
    const at = `engines.${key}`;
    const busy = run.summary.engines[key].busy_cycles;
    return [engineTitle(run, key), field(run, `${at}.busy_cycles`), field(run, `${at}.stall_cycles`),
      field(run, `${at}.idle_cycles`), percent(cycles > 0 ? busy / cycles : undefined),
      field(run, `${at}.peak_ops_per_cycle`)];
  });
  return table("Engines: cycles with the array at work, waiting for memory, without a job",
    ["Engine", "Busy", "Stall", "Idle", "Busy share", "Peak MACs per cycle"], rows);
}

function memoryTable(run) {
  const rows = Object.entries(run.summary.memory).map(([name, m]) => {
    const at = `memory.${name}`;
    return [name, field(run, `${at}.read_bytes`, "B"), field(run, `${at}.write_bytes`, "B"),
      field(run, `${at}.bandwidth_gbps`), field(run, `${at}.peak_gbps`),
      percent(m.peak_gbps > 0 ? m.bandwidth_gbps / m.peak_gbps : undefined)];
  });
  return table("Memories: traffic and mean bandwidth in 1e9 B/s",
    ["Memory", "Read", "Written", "Bandwidth", "Peak", "Share of peak"], rows);
}

function layerTable(run) {
  const fields = ["cycles", "compute_cycles", "memory_cycles", "macs", "executed_macs", "bytes"];
  const rows = run.summary.layers.map((layer, i) =>
    [`${layer.name}, ${engineTitle(run, layer.engine)}${
      passOf(layer) === layer.engine ? "" : `, ${passOf(layer)}`}`,
      ...fields.map((name) => field(run, `layers.${i}.${name}`, name === "bytes" ? "B" : "")),
      field(run, `layers.${i}.bound_by`)]);
  return table("Layers, last full sub-batch; MACs done: every bit plane, without skipped zeros",
    ["Layer", "Cycles", "Compute", "Memory", "MACs, dense", "MACs done", "Bytes", "Bound by"],
    rows);
}

/** Cycles of the period by cause, largest first; runs of older versions have none. */
function breakdownTable(run) {
  const causes = run.summary.time.breakdown;
  if (!causes) return "";
  const all = run.summary.time.cycles_per_sub_batch;
  const rows = Object.entries(causes).sort(([, a], [, b]) => b - a).map(([cause, cycles]) =>
    [cause.replaceAll("_", " "), field(run, `time.breakdown.${cause}`),
      percent(all > 0 ? cycles / all : undefined)]);
  return table("Cycles per sub-batch by cause, seen from the engine with the longest jobs",
    ["Cause", "Cycles", "Share"], rows);
}

/** Cards that train together; null for other runs. */
function clusterTable(run) {
  const cluster = run.summary.cluster;
  if (!cluster) return "";
  const waits = cluster.wait_seconds.map((_, card) =>
    [`card ${card}: waiting for later cards`, field(run, `cluster.wait_seconds.${card}`, "s")]);
  return table(`${cluster.cards} cards, ${cluster.replicas} parts of a batch group; where no card is ` +
    "named, engines, memories, layers and energy are those of card 0",
    ["Meetings before updates", "Value"],
    [["number", field(run, "cluster.meetings")],
      ["time on links", field(run, "cluster.link_seconds", "s")],
      ["time in Mem2", field(run, "cluster.memory_seconds", "s")],
      ["bytes sent by a card", field(run, "cluster.sent_bytes", "B")], ...waits]);
}

/** What each of several cards did; null for other runs. */
function cardsTable(run) {
  const cluster = run.summary.cluster;
  if (!cluster?.all_cards) return "";
  const rows = cluster.by_card.map((_, card) => {
    const at = `cluster.by_card.${card}`;
    return [`card ${card}`,
      ...enginesOf(run).map((key) => field(run, `${at}.engines.${key}.busy_cycles`)),
      field(run, `${at}.read_bytes`, "B"), field(run, `${at}.write_bytes`, "B"),
      field(run, `${at}.energy_j`, "J"), field(run, `${at}.dram_j`, "J"),
      field(run, `cluster.wait_seconds.${card}`, "s")];
  });
  rows.push(["all cards", ...enginesOf(run).map(() => ""), "", "",
    field(run, "cluster.all_cards.energy_j", "J"), field(run, "cluster.all_cards.dram_j", "J"), ""]);
  return table("Cards: cycles with the arrays at work, traffic of the memories, energy, waiting",
    ["Card", ...enginesOf(run).map((key) => engineTitle(run, key)), "Read", "Written", "Engines",
      "Memories", "Waiting"], rows);
}

/** Every number below an object, as [dotted path, value]. */
function numbersBelow(object, path) {
  return Object.entries(object).flatMap(([key, value]) => {
    const name = `${path}.${key}`;
    if (typeof value === "number") return [[name, value]];
    return value !== null && typeof value === "object" ? numbersBelow(value, name) : [];
  });
}
