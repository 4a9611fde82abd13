// SPDX-License-Identifier: Apache-2.0
"use strict";
// The network on chip as a map: routers with the work of their cores, and links as wide as they are
// used.

const ROUTER = 92, GAP = 34, LINK_OFFSET = 6;
/** Where a link leaves its router, as factors of the distance between routers. */
const DIRECTIONS = { north: [0, -1], east: [1, 0], south: [0, 1], west: [-1, 0] };

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function routerCentre(noc, router) {
  const pitch = ROUTER + GAP;
  return [GAP + ROUTER / 2 + (router % noc.columns) * pitch,
    ROUTER / 2 + 4 + Math.floor(router / noc.columns) * pitch];
}

/** Both directions of a link lie side by side, on the right hand of who goes. */
function meshLink(noc, link, most) {
  const [dx, dy] = DIRECTIONS[link.port];
  const [x, y] = routerCentre(noc, link.router);
  const side = [-dy * LINK_OFFSET, dx * LINK_OFFSET];
  const at = (length) => [x + dx * length + side[0], y + dy * length + side[1]];
  const [x1, y1] = at(ROUTER / 2), [x2, y2] = at(ROUTER / 2 + GAP);
  const text = `router ${link.router} ${link.port}: ${compact(link.flits)} flits, ` +
    `${percent(link.utilisation)} of the time`;
  return svg("line", { x1, y1, x2, y2, stroke: colour("c0"),
    "stroke-width": 1 + (7 * link.utilisation) / most }, svg("title", {}, text));
}

function routerBox(noc, router) {
  const [x, y] = routerCentre(noc, router);
  const work = noc.cores[router] ? noc.cores[router].split(", ") : [];
  const lines = [`core ${router}`, ...work.slice(0, 3)];
  if (work.length > 3) lines.push(`and ${work.length - 3} more`);
  const texts = lines.map((line, i) => svg("text", { x, y: y + 13 * (i + 0.8 - lines.length / 2),
    "text-anchor": "middle", "font-size": 11, fill: colour("ink") }, line));
  const box = svg("rect", { x: x - ROUTER / 2, y: y - ROUTER / 2, width: ROUTER, height: ROUTER,
    rx: 5, fill: "none", stroke: colour("line") });
  return svg("g", {}, box, ...texts, svg("title", {}, `core ${router}: ${noc.cores[router]}`));
}

/** A table of the same links is below the map. */
function meshMap(parent, run) {
  const { noc } = run.summary;
  if (!noc) return;
  const pitch = ROUTER + GAP;
  const width = GAP + noc.columns * pitch, height = noc.rows * pitch;
  const between = noc.links.filter((link) => DIRECTIONS[link.port]);
  const most = Math.max(...between.map((link) => link.utilisation), Number.MIN_VALUE);
  const map = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%",
    "aria-label": "Mesh: routers, work of their cores, and how much links are used" },
  ...between.map((link) => meshLink(noc, link, most)),
  ...noc.cores.map((_, router) => routerBox(noc, router)));
  map.style.maxWidth = `${width}px`;
  const rows = noc.links.map((link) =>
    [`router ${link.router} ${link.port}`, link.flits, percent(link.utilisation)]);
  const links = el("details", { "data-long": "" }, el("summary", {}, "Data: links of the mesh"),
    table("Links of the mesh", ["Output", "Flits", "Used"], rows));
  parent.append(el("h3", {}, "Mesh"),
    el("p", { class: "note" }, `Links as wide as they were used; the busiest carried a flit in ` +
      `${percent(noc.max_link_utilisation)} of the cycles. Packets took ` +
      `${compact(noc.latency_cycles.mean)} cycles on average, 99 % at most ` +
      `${compact(noc.latency_cycles.p99)}. Memory is at the west edge.`),
    el("figure", {}, map, links));
}
