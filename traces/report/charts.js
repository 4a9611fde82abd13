// SPDX-License-Identifier: Apache-2.0
"use strict";
// Charts of one run.

const NO_STATS = "The run left no stats.json.";
const MOST_POINTS = 240;
const SHOWN_JOBS = 40; // at first: as many as have room for their names

function lossChart(parent, runs) {
  const trained = runs.filter((run) => run.summary.result?.loss.length > 0);
  if (trained.length === 0) {
    missing(parent, "Loss and accuracy", "None: the run was timed without data.");
    return;
  }
  const losses = trained.map((run) => run.summary.result.loss);
  const curve = losses.map((loss) => JSON.stringify(loss));
  const names = trained.map((run, i) => {
    const same = curve.indexOf(curve[i]);
    return same < i ? `${run.name}, same as ${trained[same].name}` : run.name;
  });
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
        line(names[i], i, losses[i].map((y, g) => ({ x: g + 1, y })))) },
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

/** Writes the name of its job into every bar that is wide enough. */
function barNames(names) {
  return { id: "barNames", afterDatasetsDraw(chart) {
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.fillStyle = colour("paper");
    ctx.font = "11px sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    chart.getDatasetMeta(0).data.forEach((bar, i) => {
      const left = Math.max(bar.base, chartArea.left);
      const right = Math.min(bar.x, chartArea.right);
      if (ctx.measureText(names[i]).width + 4 > right - left) return;
      ctx.fillText(names[i], (left + right) / 2, bar.y);
    });
    ctx.restore();
  } };
}

function pipelineChart(parent, run) {
  const jobs = run.stats?.jobs ?? [];
  if (jobs.length === 0) {
    missing(parent, "Pipeline", run.stats ? "stats.json lists no jobs." : NO_STATS);
    return;
  }
  const name = (job) => `${job.layer} ${job.phase.replace("_", " ")}, sub-batch ${job.sub_batch}`;
  const start = Math.min(...jobs.map((job) => job.start_cycle));
  const thousands = (cycle) => (cycle - start) / 1e3;
  const points = jobs.map((job) => ({
    x: [thousands(job.start_cycle), thousands(job.end_cycle)],
    y: engineTitle(run, job.engine),
  }));
  const last = Math.max(...points.map(({ x }) => x[1]));
  const shown = Math.min(...points.slice(-SHOWN_JOBS).map(({ x }) => x[0]));
  figure(parent, {
    title: "Pipeline",
    note: `The last ${jobs.length} jobs, named after layer and sub-batch; the colour tells ` +
      "sub-batches apart, updates are grey.",
    label: `Timeline of the last ${jobs.length} jobs on the engines`,
    columns: ["Job", "Engine", "First cycle", "Last cycle"],
    rows: jobs.map((job) => [name(job), engineTitle(run, job.engine), job.start_cycle, job.end_cycle]),
    height: 220,
    zoom: new Zoom([0, last], [shown, last]),
    config: ([from, to]) => ({
      type: "bar",
      plugins: [barNames(jobs.map((job) => `${job.layer} #${job.sub_batch}`))],
      data: { labels: enginesOf(run).map((key) => engineTitle(run, key)), datasets: [{
        data: points, barPercentage: 0.9, borderColor: colour("paper"), borderWidth: 1,
        borderSkipped: false, backgroundColor: jobs.map((job) =>
          (job.phase === "update" ? colour("quiet") : seriesColour(job.sub_batch % GREY))) }] },
      options: { indexAxis: "y",
        scales: { x: axis(`Thousand cycles from cycle ${compact(start)}`,
          { type: "linear", min: from, max: to }) },
        plugins: { ...legend(false).plugins, tooltip: { callbacks: {
          label: ({ dataIndex: i }) => `${name(jobs[i])}: ${
            compact(jobs[i].end_cycle - jobs[i].start_cycle)} cycles` } } } },
    }),
  });
}

/** When the cards came to their last meetings, and what these took; nothing for other runs. */
function meetingsChart(parent, run) {
  const meetings = run.summary.cluster?.last_meetings ?? [];
  if (meetings.length === 0) return;
  const start = Math.min(...meetings.flatMap((m) => m.arrival_seconds));
  const SHOWN = 4;
  const parts = meetings.flatMap((m, i) => {
    const links = m.begin_seconds + m.link_seconds;
    const waits = m.arrival_seconds.map((at, card) =>
      ({ row: `card ${card}`, what: "waits for later cards", from: at, to: m.begin_seconds }));
    return [...waits, { row: "links", what: "sum on the links", from: m.begin_seconds, to: links },
      { row: "Mem2", what: "sum in Mem2", from: links, to: links + m.memory_seconds }]
      .map((part) => ({ ...part, meeting: run.summary.cluster.meetings - meetings.length + i }));
  });
  const milliseconds = (at) => (at - start) * 1e3;
  const last = milliseconds(Math.max(...parts.map(({ to }) => to)));
  const shown = milliseconds(Math.min(...meetings.slice(-SHOWN).flatMap((m) => m.arrival_seconds)));
  const rowNames = [...meetings[0].arrival_seconds.map((_, card) => `card ${card}`), "links", "Mem2"];
  figure(parent, {
    title: "Meetings of the cards",
    note: `The last ${meetings.length}: cards that wait for the last one, then the sum on the links ` +
      "and in Mem2. Between them the cards train.",
    label: `Timeline of the last ${meetings.length} meetings`,
    columns: ["Meeting", "Where", "What", "Begin, s", "End, s"],
    rows: parts.map((p) => [`${p.meeting}`, p.row, p.what, p.from, p.to]),
    height: 60 + 28 * rowNames.length,
    zoom: new Zoom([0, last], [shown, last]),
    config: ([from, to]) => ({
      type: "bar",
      data: { labels: rowNames, datasets: [{
        data: parts.map((p) => ({ x: [milliseconds(p.from), milliseconds(p.to)], y: p.row })),
        barPercentage: 0.9, borderSkipped: false, minBarLength: 2,
        backgroundColor: parts.map(({ row }) =>
          (row === "links" ? seriesColour(0) : row === "Mem2" ? seriesColour(1) : colour("quiet"))),
      }] },
      options: { indexAxis: "y",
        scales: { x: axis(`Milliseconds from ${compact(start)} s`,
          { type: "linear", min: from, max: to }) },
        plugins: { ...legend(false).plugins, tooltip: { callbacks: {
          label: ({ dataIndex: i }) => `meeting ${parts[i].meeting}: ${parts[i].what}, ${
            formatted(parts[i].to - parts[i].from, "s")}` } } } },
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

const CAUSES_NOTE = "Fill: of look-up tables, filters or the PE pipeline. Soma or Grad: " +
  "slower than the array. Idle PEs: unused rows and columns, and waiting for the slowest PE. " +
  "Load, store: the array waits for memory. No job: before the layer's job, for descriptors and other layers.";

/** Cycles per job of every cause, null where stats.json has no such layer. */
function causesOf(run, layer) {
  const job = passOf(layer);
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
    .map((layer) => [passOf(layer) === engine ? layer.name : `${layer.name}, ${passOf(layer)}`,
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

/** Means of consecutive samples that end in [from, to] ms, at most MOST_POINTS: [{x: ms, y}]. */
function coarse(times, values, [from, to]) {
  const inside = times.map((_, i) => i).filter((i) => times[i] / 1e3 >= from &&
    (i === 0 ? 0 : times[i - 1] / 1e3) <= to);
  const step = Math.ceil(inside.length / MOST_POINTS);
  const points = [];
  for (let i = 0; i < inside.length; i += step) {
    const part = inside.slice(i, i + step);
    points.push({ x: times[part.at(-1)] / 1e3,
      y: part.reduce((sum, k) => sum + values[k], 0) / part.length });
  }
  return points;
}

/** Tests of a run as [begin, end] in ms. */
function testSpans(run) {
  const cyclesPerMs = run.summary.config.clock_mhz * 1e3;
  return (run.stats?.tests ?? []).map((test) =>
    [test.start_cycle / cyclesPerMs, test.end_cycle / cyclesPerMs]);
}

/** Shades the spans of the x axis behind the curves. */
function shaded(spans) {
  return { id: "shaded", beforeDatasetsDraw({ ctx, chartArea, scales }) {
    ctx.save();
    ctx.fillStyle = colour("shade");
    for (const [begin, end] of spans) {
      const left = Math.max(scales.x.getPixelForValue(begin), chartArea.left);
      const right = Math.min(scales.x.getPixelForValue(end), chartArea.right);
      if (right > left) ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
    }
    ctx.restore();
  } };
}

/** One chart of a series over simulated time; its mean is that of the tables, without tests. */
function seriesChart(parent, run, zoom, { title, unit, scale, peak, mean }, values) {
  const times = run.stats.samples.time_us;
  const spans = testSpans(run);
  const whole = coarse(times, values, zoom.whole).map(({ x, y }) => ({ x, y: y * scale }));
  figure(parent, {
    title,
    label: `${title}, ${unit}, over simulated time; ${mean} on average over the training`,
    columns: ["Until, ms", unit],
    rows: whole.map(({ x, y }) => [compact(x), Number(y.toPrecision(4))]),
    height: 130,
    zoom,
    config: (range) => ({
      type: "line",
      plugins: [shaded(spans)],
      data: { datasets: [line(title, 0, coarse(times, values, range)
        .map(({ x, y }) => ({ x, y: y * scale })), { pointRadius: 0, borderWidth: 1.5 })] },
      options: { ...legend(false), scales: {
        x: axis("Simulated time, ms", { type: "linear", min: range[0], max: range[1] }),
        y: axis(unit, { min: 0, max: peak, ticks: { maxTicksLimit: 4 } }) } },
    }),
  });
}

/**
 * Small charts below each other with the same axes, one per series: bandwidth of every memory up
 * to its peak, and the share of time that the array of every engine works.
 */
function timeCharts(parent, run) {
  const series = run.stats?.samples.series ?? {};
  const times = run.stats?.samples.time_us ?? [];
  const { memory, engines, time } = run.summary;
  const known = [
    ...Object.entries(memory).map(([name, m]) => [`memory.${name}.bandwidth`, {
      title: `Bandwidth: ${name}`, unit: "1e9 B/s", scale: 1, peak: m.peak_gbps,
      mean: compact(m.bandwidth_gbps) }]),
    ...enginesOf(run).map((key) => [`engine.${key}.busy`, {
      title: `At work: ${engineTitle(run, key)}`, unit: "% of time", scale: 100, peak: 100,
      mean: percent(engines[key].busy_cycles / time.cycles) }])]
    .filter(([name]) => series[name]);
  if (known.length === 0 || times.length === 0) {
    missing(parent, "Over time", run.stats ? "stats.json has no samples." : NO_STATS);
    return;
  }
  const { interval_us: step } = run.stats.samples;
  const box = el("div", { class: "multiples" });
  parent.append(el("h3", {}, "Over time"), el("p", { class: "note" },
    `Means over ${compact(step)} us of simulated time or more.`,
    testSpans(run).length > 0 ? " Shaded: tests, which the tables leave out." : ""), box);
  const zoom = new Zoom([0, times.at(-1) / 1e3]);
  box.append(zoom.controls);
  known.forEach(([name, chart]) => seriesChart(box, run, zoom, chart, series[name].values));
}
