/** The map's own arithmetic: messages, groups, places, neighbours. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { baseline, BigMap, Cells, CORDONED, groups, layout, opened, READY, RESERVED, SILENT } from "../../static/js/bigmap.js";

const ZONES = ["zone-a", "zone-b"];
const NAMES = ["free", "reserved", "cordoned", "silent"];

/** A first picture of nodes [{zone, cpu, pods, flags}], as the server packs it. */
function message(header, nodes, first = true) {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const rows = nodes.flatMap(({ index, cpu = 0, memory = 0, pods = 0, churn = 0, flags = READY }, at) => {
    const number = index ?? at;
    return [number & 255, number >> 8, cpu, memory, pods, churn, flags];
  });
  const tail = first ? [...nodes.map((node) => node.zone ?? 0), ...nodes.map(() => 0)] : [];
  const bytes = new Uint8Array(4 + json.length + rows.length + tail.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set([...rows, ...tail], 4 + json.length);
  return bytes.buffer;
}

function cellsOf(nodes) {
  const { header, bytes } = opened(message({ count: nodes.length }, nodes));
  return new Cells(header, bytes);
}

test("it works", () => {
  const { header, bytes } = opened(message({ count: 2, words: "节点" }, [{ cpu: 10 }, { cpu: 255, pods: 7, zone: 1, flags: 3 }]));
  const cells = new Cells(header, bytes);
  assert.equal(header.words, "节点");
  assert.deepEqual([...cells.cpu], [10, 255]);
  assert.deepEqual([...cells.zone], [0, 1]);
  assert.deepEqual([cells.pods[1], cells.flags[1]], [7, 3]);
});

test("an update changes the rows that it names and no others", () => {
  const cells = cellsOf([{}, {}, {}]);
  const { bytes } = opened(message({}, [{ index: 2, cpu: 99, flags: 0 }, { index: 700, cpu: 1 }], false));
  assert.deepEqual(cells.take(bytes), [2]);
  assert.deepEqual([...cells.cpu], [0, 0, 99]);
});

test("the ramp has six steps, full is the last", () => {
  const cells = cellsOf([{ cpu: 0, pods: 0 }, { cpu: 255, pods: 110 }, { cpu: 128, pods: 200 }]);
  assert.deepEqual([0, 1, 2].map((index) => cells.step(index, "cpu")), [0, 5, 3]);
  assert.deepEqual([0, 1, 2].map((index) => cells.step(index, "pods")), [0, 5, 5]);
});

test("groups by zone and by taint hold every node once", () => {
  const cells = cellsOf([{ zone: 1 }, { flags: READY | CORDONED }, { flags: 0, zone: 1 }, { flags: READY | RESERVED }]);
  assert.deepEqual(groups(cells, "zone", ZONES, NAMES), [{ name: "zone-a", members: [1, 3] }, { name: "zone-b", members: [0, 2] }]);
  assert.deepEqual(groups(cells, "taint", ZONES, NAMES).map(({ name, members }) => [name, ...members]), [
    ["free", 0], ["reserved", 3], ["cordoned", 1], ["silent", 2],
  ]);
});

test("all cells of a group fit into its block, on whole device pixels", () => {
  for (const ratio of [1, 1.25, 1.5, 2]) {
    for (const [width, height] of [[1000, 680], [360, 544], [1900, 900], [700, 300]]) {
      for (const sizes of [[1000, 1000, 1000, 1000, 1000], [4881, 101, 18], [4849, 101, 18, 32], [10, 4990], [40]]) {
        const { cell, blocks } = layout(sizes, width, height, 1, ratio);
        const pixels = cell * ratio;
        assert.ok(Math.abs(pixels - Math.round(pixels)) < 1e-9);
        assert.equal(blocks.length, sizes.length + 1);
        sizes.forEach((size, number) => {
          const block = blocks[number];
          assert.ok(block.columns * cell <= block.width + 1e-9);
          if (cell > 4) assert.ok(Math.ceil(size / block.columns) * cell <= block.height + 1e-9);
        });
        if (cell > 4) assert.ok(Math.max(...blocks.map((block) => block.y + 20 + block.height)) <= height + 1);
        assert.ok(Math.max(...blocks.map((block) => block.x + block.width)) <= width + 1);
        assert.equal(new Set(blocks.map((block) => `${block.x} ${block.y}`)).size, blocks.length);
      }
    }
  }
});

test("a group with most of the nodes has the whole width, the small ones share a row below", () => {
  const { cell, blocks } = layout([4881, 101, 18], 1000, 680, 1);
  assert.deepEqual([blocks[0].x, blocks[0].y, blocks[0].width], [0, 0, 1000]);
  assert.ok(cell >= 9);
  assert.ok(blocks[0].height > 3 * blocks[1].height);
  assert.equal(new Set(blocks.slice(1).map((block) => block.y)).size, 1);
  // Equal groups stay equal.
  const zones = layout([1000, 1000, 1000, 1000, 1000], 1000, 680, 1).blocks;
  assert.equal(new Set(zones.map((block) => `${block.width} ${block.height}`)).size, 1);
});

test("the number of the chart stands above the curve", () => {
  assert.equal(baseline([[0, 50], [40, 30], [80, 60], [100, 55]], 30), 24); // the way down from 30 goes under it
  assert.equal(baseline([[0, 10], [60, 70], [80, 60], [100, 55]], 30), 49);
});

/** A map without a canvas: only its arithmetic is asked. */
function mapOf(nodes, width = 700, height = 400) {
  const canvas = { getContext: () => null };
  const map = new BigMap(canvas, canvas, () => "");
  map.cells = cellsOf(nodes);
  map.groups = groups(map.cells, "zone", ZONES, NAMES);
  map.plan = layout(map.groups.map((group) => group.members.length), width, height, 1);
  map.place = new Uint32Array(nodes.length);
  map.groupOf = new Uint8Array(nodes.length);
  map.groups.forEach((group, number) => group.members.forEach((index, at) => {
    map.place[index] = at;
    map.groupOf[index] = number;
  }));
  return map;
}

test("a point finds the node that is drawn there", () => {
  const map = mapOf(Array.from({ length: 300 }, (_, at) => ({ zone: at % 2 })));
  for (let index = 0; index < 300; index += 1) {
    const [x, y] = map.corner(index);
    assert.equal(map.at(x + map.plan.cell / 2, y + map.plan.cell / 2), index);
  }
  assert.equal(map.at(-5, -5), null);
  assert.equal(map.at(699, 399), null);
});

test("arrows go through a group and on into the next", () => {
  const map = mapOf(Array.from({ length: 300 }, (_, at) => ({ zone: at % 2 })));
  assert.equal(map.neighbour(1, 0), 0);
  map.cursor = 0;
  assert.equal(map.neighbour(1, 0), 2);
  assert.equal(map.neighbour(-1, 0), 0);
  const { columns } = map.plan.blocks[0];
  assert.equal(map.neighbour(0, 1), 2 * columns);
  map.cursor = 2 * (columns - 1);
  assert.equal(map.groupOf[map.neighbour(1, 0)], 1);
});

/** What is drawn for one node: the colours and dashes of its frame, and how many lines cross it. */
function drawn(flags) {
  const map = mapOf([{ flags }]), seen = { frames: [], lines: 0, fills: [] };
  let dash = [];
  map.ink = { surface: "surface", ink: "ink", bad: "bad" };
  map.ramp = ["q0", "q1", "q2", "q3", "q4", "q5"];
  const nothing = () => {};
  map.cellsPen = {
    save: nothing, restore: nothing, beginPath: nothing, rect: nothing, clip: nothing, moveTo: nothing, stroke: nothing,
    setLineDash: (lengths) => { dash = lengths; },
    fillRect() { seen.fills.push(this.fillStyle); },
    strokeRect() { seen.frames.push([this.strokeStyle, dash.length > 0]); },
    lineTo: () => { seen.lines += 1; },
  };
  map.drawCell(0);
  assert.deepEqual(dash, []);
  return seen;
}

test("a silent node is hollow and dashed until it is found out, then it is crossed", () => {
  assert.deepEqual(drawn(READY), { frames: [], lines: 0, fills: ["surface", "q0"] });
  assert.deepEqual(drawn(READY | SILENT), { frames: [["ink", true]], lines: 0, fills: ["surface"] });
  assert.deepEqual(drawn(SILENT), { frames: [["bad", false]], lines: 2, fills: ["surface"] });
});
