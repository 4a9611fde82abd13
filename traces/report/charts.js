"use strict";
// Charts of one run.

const NO_STATS = "The run left no stats.json.";
const MOST_POINTS = 240;
const MOST_JOBS = 100;

function lossChart(parent, runs) {
  const trained = runs.filter((run) => run.summary.result?.loss.length > 0);
  if (trained.length === 0) {
    missing(parent, "Loss and accuracy", "None: the run was timed without data.");
    return;
  }
  const losses = trained.map((run) => run.summary.result.loss);
  const words = trained.map((run, i) =>
    `${run.name} from ${compact(losses[i][0])} to ${compact(losses[i].at(-1))}`);
  const groups = Math.max(...losses.map((loss) => loss.length));
  figure(parent, {
    title: "Loss",
    label: `Mean loss per sample over batch groups: ${words.join("; ")}`,
    columns: ["Batch group", ...trained.map((run) => run.name)],
    rows: Array.from({ length: groups }, (_, g) => [`${g + 1}`, ...losses.map((l) => l[g] ?? "")]),
    config: () => ({
      type: "line",
      data: { datasets: trained.map((run, i) =>
        line(run.name, i, losses[i].map((y, g) => ({ x: g + 1, y })))) },
      options: { ...legend(trained.length > 1),
        scales: { x: axis("Batch group", { type: "linear", min: 1, max: Math.max(groups, 2) }),
          y: axis("Loss", { beginAtZero: true }) } },
    }),
  });
}

/** Curves over the epochs: every epoch's training accuracy, and its test where there was one. */
function epochChart(parent, runs) {
  const curves = runs.flatMap((run) =>
    [["training", "train_accuracy"], ["test", "test_accuracy"]].map(([text, key]) => ({
      name: runs.length > 1 ? `${run.name}, ${text}` : text,
      values: run.summary.result.epochs.map((epoch) => epoch[key]),
    })));
  const tested = ({ values }) => values.filter((y) => y != null);
  const epochs = Math.max(...curves.map(({ values }) => values.length));
  figure(parent, {
    title: "Accuracy",
    label: `Accuracy over epochs: ${curves.map((curve) =>
      `${curve.name} ends at ${percent(tested(curve).at(-1))}`).join("; ")}`,
    columns: ["Epoch", ...curves.map(({ name }) => name)],
    rows: Array.from({ length: epochs }, (_, e) => [`${e + 1}`, ...curves.map(({ values }) =>
      (values[e] === undefined ? "" : percent(values[e])))]),
    config: () => ({
      type: "line",
      data: { datasets: curves.map(({ name, values }, i) => line(name, i,
        values.map((y, e) => ({ x: e + 1, y: 100 * y })).filter(({ y }) => !Number.isNaN(y)))) },
      options: { scales: { x: axis("Epoch", { type: "linear", min: 1, ticks: { stepSize: 1 } }),
        y: axis("Correct, %", { min: 0, max: 100 }) } },
    }),
  });
}

function accuracyChart(parent, runs) {
  const trained = runs.filter((run) => run.summary.result);
  if (trained.length === 0) return;
  if (trained.every((run) => run.summary.result.epochs?.length > 1)) {
    epochChart(parent, trained);
    return;
  }
  const sets = [["Training, last epoch", "train_accuracy"], ["Test", "test_accuracy"]];
  const share = (run, key) => run.summary.result[key];
  figure(parent, {
    title: "Accuracy",
    label: `Accuracy: ${trained.map((run) => `${run.name} test ${
      percent(share(run, "test_accuracy"))}`).join("; ")}`,
    columns: ["Run", ...sets.map(([text]) => text)],
    rows: trained.map((run) => [run.name, ...sets.map(([, key]) => percent(share(run, key)))]),
    config: () => ({
      type: "bar",
      data: { labels: trained.map((run) => run.name), datasets: sets.map(([text, key], i) =>
        bars(text, i, trained.map((run) => 100 * share(run, key)))) },
      options: { scales: { y: axis("Correct, %", { min: 0, max: 100 }) } },
    }),
  });
}

function pipelineChart(parent, run) {
  const jobs = run.stats?.jobs.slice(-MOST_JOBS) ?? [];
  if (jobs.length === 0) {
    missing(parent, "Pipeline", run.stats ? "stats.json lists no jobs." : NO_STATS);
    return;
  }
  const name = (job) => `${job.layer} ${job.phase.replace("_", " ")}, sub-batch ${job.sub_batch}`;
  const start = Math.min(...jobs.map((job) => job.start_cycle));
  const points = jobs.map((job) => ({
    x: [(job.start_cycle - start) / 1e3, (job.end_cycle - start) / 1e3],
    y: engineTitle(run, job.engine),
  }));
  figure(parent, {
    title: "Pipeline",
    note: `The last ${jobs.length} jobs, one per layer and sub-batch; the colour tells ` +
      "sub-batches apart, updates are grey.",
    label: `Timeline of the last ${jobs.length} jobs on the engines`,
    columns: ["Job", "Engine", "First cycle", "Last cycle"],
    rows: jobs.map((job) => [name(job), engineTitle(run, job.engine), job.start_cycle, job.end_cycle]),
    height: 220,
    config: () => ({
      type: "bar",
      data: { labels: enginesOf(run).map((key) => engineTitle(run, key)), datasets: [{
        data: points, barPercentage: 0.9, borderColor: colour("paper"), borderWidth: 1,
        borderSkipped: false, backgroundColor: jobs.map((job) =>
          (job.phase === "update" ? colour("quiet") : seriesColour(job.sub_batch % GREY))) }] },
      options: { indexAxis: "y",
        scales: { x: axis(`Thousand cycles from cycle ${compact(start)}`,
          { type: "linear", max: Math.max(...points.map(({ x }) => x[1])) }) },
        plugins: { ...legend(false).plugins, tooltip: { callbacks: {
          label: ({ dataIndex: i }) => `${name(jobs[i])}: ${
            compact(jobs[i].end_cycle - jobs[i].start_cycle)} cycles` } } } },
    }),
  });
}

/** Where the cycles of a layer's jobs went; the first is what is left. */
const CAUSES = [
  ["PEs at work", null],
  ["fill", "lut_fill_cycles"],
  ["Soma or Grad", "drain_cycles"],
  ["idle PEs", "sync_loss_cycles"],
  ["load", "load_stall_cycles"],
  ["store", "store_stall_cycles"],
  ["no job", "pipeline_wait_cycles"],
];

const CAUSES_NOTE = "Fill: of look-up tables or the PE pipeline. Soma or Grad: slower than the " +
  "array. Idle PEs: unused rows and columns, and waiting for the slowest PE. Load, store: the " +
  "array waits for memory. No job: before the layer's job, for descriptors and other layers.";

/** Cycles per job of every cause, null where stats.json has no such layer. */
function causesOf(run, layer) {
  const job = isArray(layer) ? layer.engine : layer.kind;
  const value = (name) => run.stats.items[`layer.${layer.name}.${job}.${name}`]?.value;
  const jobs = value("jobs") ?? 1;
  const cycles = value("compute_cycles");
  if (cycles === undefined || !(jobs > 0)) return null;
  const parts = CAUSES.map(([, name]) => (name ? value(name) ?? 0 : 0) / jobs);
  parts[0] = Math.max(0, cycles / jobs - parts[1] - parts[2] - parts[3]);
  return parts;
}

function stallChart(parent, run, engine) {
  const title = `Where the cycles go: ${engineTitle(run, engine)}`;
  const rows = !run.stats ? [] : run.summary.layers.filter((layer) =>
    layer.engine === engine)
    .map((layer) => [isArray(layer) ? layer.name : `${layer.name}, ${layer.kind}`,
      causesOf(run, layer)])
    .filter(([, parts]) => parts !== null);
  if (rows.length === 0) {
    missing(parent, title, run.stats ? "stats.json has no layers of this engine." : NO_STATS);
    return;
  }
  const worst = rows.reduce((a, b) => (a[1][4] + a[1][5] < b[1][4] + b[1][5] ? b : a));
  figure(parent, {
    title,
    note: CAUSES_NOTE,
    label: `Stacked cycles per job by cause; ${worst[0]} waits longest for memory, ${
      compact(Math.round(worst[1][4] + worst[1][5]))} cycles`,
    columns: ["Layer", ...CAUSES.map(([text]) => text)],
    rows: rows.map(([name, parts]) => [name, ...parts.map(Math.round)]),
    height: 110 + 26 * rows.length,
    config: () => ({
      type: "bar",
      data: { labels: rows.map(([name]) => name), datasets: CAUSES.map(([text], c) =>
        bars(text, [0, 2, 4, 5, 1, 3, 6][c], rows.map(([, parts]) => parts[c] / 1e3))) },
      options: { indexAxis: "y", scales: {
        x: axis("Thousand cycles per job", { stacked: true }), y: { stacked: true } } },
    }),
  });
}

/** Means of consecutive samples, at most MOST_POINTS: [{x: ms, y}]. */
function coarse(times, values) {
  const step = Math.ceil(times.length / MOST_POINTS);
  const points = [];
  for (let i = 0; i < times.length; i += step) {
    const part = values.slice(i, i + step);
    const last = Math.min(i + step, times.length) - 1;
    points.push({ x: times[last] / 1e3, y: part.reduce((a, b) => a + b, 0) / part.length });
  }
  return points;
}

/** Series whose names match, over simulated time. */
function timeChart(parent, run, { title, pattern, unit, scale = 1, peak }) {
  const all = Object.entries(run.stats?.samples.series ?? {})
    .map(([name, series]) => [name.match(pattern)?.[1], series]).filter(([name]) => name);
  const times = run.stats?.samples.time_us ?? [];
  if (all.length === 0 || times.length === 0) {
    missing(parent, title, run.stats ? "stats.json has no such samples." : NO_STATS);
    return;
  }
  const lines = all.map(([name, series]) => [run.summary.engines[name]?.title ?? name,
    coarse(times, series.values).map(({ x, y }) => ({ x, y: y * scale }))]);
  const means = lines.map(([name, points]) => `${name} ${
    compact(points.reduce((sum, { y }) => sum + y, 0) / points.length, 3)}`);
  const limits = peak ? [line(`Peak, ${compact(peak)}`, 6,
    lines[0][1].map(({ x }) => ({ x, y: peak })),
    { borderDash: [6, 4], pointRadius: 0, backgroundColor: "transparent" })] : [];
  const step = Math.ceil(times.length / MOST_POINTS) * run.stats.samples.interval_us;
  figure(parent, {
    title,
    note: `Means over ${compact(step)} us of simulated time.`,
    label: `${title}, ${unit}, over simulated time; on average ${means.join(", ")}`,
    columns: ["Until, ms", ...lines.map(([name]) => name)],
    rows: lines[0][1].map(({ x }, i) =>
      [compact(x), ...lines.map(([, points]) => Number(points[i].y.toPrecision(4)))]),
    config: () => ({
      type: "line",
      data: { datasets: [...lines.map(([name, points], i) =>
        line(name, i, points, { pointRadius: 0, borderWidth: 1.5 })), ...limits] },
      options: { scales: { x: axis("Simulated time, ms",
        { type: "linear", max: lines[0][1].at(-1).x }),
        y: axis(unit, { beginAtZero: true }) } },
    }),
  });
}

function bandwidthChart(parent, run) {
  const peaks = Object.values(run.summary.memory).map((memory) => memory.peak_gbps);
  timeChart(parent, run, { title: "Memory bandwidth", pattern: /^memory\.(.+)\.bandwidth$/,
    unit: "1e9 B/s", peak: Math.max(...peaks) });
}

function busyChart(parent, run) {
  timeChart(parent, run, { title: "Engines at work", pattern: /^engine\.(.+)\.busy$/,
    unit: "% of the time", scale: 100 });
}
