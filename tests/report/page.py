# SPDX-License-Identifier: Apache-2.0
"""Opens a report in headless Chromium and reads what it shows.

The page itself knows nothing of tests: what is measured inside the browser is measured by scripts
that are added to a copy of it, HOOK before anything else and PROBE behind everything.
"""

import html.parser
import json
import os
import subprocess

# Collects whatever goes wrong from the first script on.
HOOK = """<script>
const problems = [];
addEventListener("error", (event) => problems.push(event.message));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
for (const level of ["error", "warn"]) {
  console[level] = (...text) => problems.push(text.join(" "));
}
</script>"""

# Per canvas: share of painted points and the chart's data; colours; requests; printing.
PROBE = """<script>
const canvases = [...document.querySelectorAll("canvas")].map((canvas) => {
  const { width, height } = canvas;
  const points = width * height > 0
    ? canvas.getContext("2d").getImageData(0, 0, width, height).data : [];
  let painted = 0;
  for (let i = 3; i < points.length; i += 4) painted += points[i] > 0 ? 1 : 0;
  const chart = Chart.getChart(canvas);
  return { label: canvas.getAttribute("aria-label"), painted: painted / (width * height),
    title: canvas.closest("figure").querySelector("h3").textContent,
    labels: chart.data.labels,
    series: chart.data.datasets.map(({ label, data }) => ({ label, data })) };
});
// What does not fit into the window or into its own box.
const cut = [...document.querySelectorAll(".scroll, figure, .canvas, main, header")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right >
    document.documentElement.clientWidth + 1)
  .map((box) => box.getAttribute("aria-label") ?? box.className ?? box.tagName);
// A drag over the second quarter of a time chart, and back.
const shown = () => [...document.querySelectorAll(".multiples canvas")]
  .map((canvas) => Chart.getChart(canvas).scales.x).map(({ min, max }) => [min, max]);
const ranges = [shown()];
const timed = document.querySelector(".multiples canvas");
if (timed) {
  const { left, right } = Chart.getChart(timed).chartArea;
  const at = (type, share) => timed.dispatchEvent(new PointerEvent(type, { bubbles: true,
    clientX: timed.getBoundingClientRect().left + left + share * (right - left) }));
  at("pointerdown", 0.25);
  at("pointermove", 0.4);
  at("pointerup", 0.5);
  ranges.push(shown());
  [...document.querySelectorAll(".multiples button")].at(-1).click();
  ranges.push(shown());
}
const open = () => document.querySelectorAll("details[open]").length;
dispatchEvent(new Event("beforeprint"));
const printing = { paper: getComputedStyle(document.body).backgroundColor, open: open() };
dispatchEvent(new Event("afterprint"));
const probe = document.createElement("script");
probe.type = "application/json";
probe.id = "probe";
probe.textContent = JSON.stringify({ canvases, problems, printing, cut, ranges, open: open(),
  paper: getComputedStyle(document.body).backgroundColor,
  requests: performance.getEntriesByType("resource").map((entry) => entry.name),
}).replaceAll("<", "\\\\u003c");
document.body.append(probe);
</script>"""

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Elements of a document: (tag, attributes, text), text without that of scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.open = []
        self.scripts = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("script", "style"):
            self.scripts[self.open[-1][1].get("id")] = data
            return
        for element in self.open:
            element[2] += data

    def all(self, tag):
        return [(attributes, text) for name, attributes, text in self.elements if name == tag]

    @property
    def text(self):
        return next(text for tag, _, text in self.elements if tag == "main")

    @property
    def probe(self):
        return json.loads(self.scripts["probe"])


class Browser:
    """Headless Chromium with a profile of its own in `folder`."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def run(self, page, *options):
        """Standard output and console messages."""
        command = [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-sync",
                   "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
                   "--user-data-dir=" + os.path.join(self.folder, "profile"),
                   "--enable-logging=stderr", "--virtual-time-budget=10000", *options,
                   "file://" + os.path.abspath(page)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=120, check=True)
        return run.stdout, [line for line in run.stderr.splitlines() if ":CONSOLE" in line]

    def read(self, report, *options):
        """The page after its scripts have run, and the messages on the console."""
        with open(report, encoding="utf-8") as file:
            text = file.read()
        copy = report + ".probed.html"
        with open(copy, "w", encoding="utf-8") as file:
            file.write(text.replace("<head>", "<head>" + HOOK, 1)
                       .replace("</body>", PROBE + "</body>", 1))
        document, console = self.run(copy, "--dump-dom", *options)
        return Page(document), console
