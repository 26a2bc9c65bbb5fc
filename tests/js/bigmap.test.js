/** The map's own arithmetic: messages, groups, places, neighbours. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { BigMap, Cells, CORDONED, groups, layout, opened, READY, RESERVED } from "../../static/js/bigmap.js";

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
      const plan = layout([1000, 1000, 1000, 1000, 1000], width, height, 1, ratio);
      const pixels = plan.cell * ratio;
      assert.ok(Math.abs(pixels - Math.round(pixels)) < 1e-9);
      assert.ok(plan.columns * plan.cell <= plan.width + 1e-9);
      assert.equal(plan.corners.length, 6);
      if (plan.cell > 4) assert.ok(Math.ceil(1000 / plan.columns) * plan.cell <= plan.height + 1e-9);
    }
  }
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
  const { columns } = map.plan;
  assert.equal(map.neighbour(0, 1), 2 * columns);
  map.cursor = 2 * (columns - 1);
  assert.equal(map.groupOf[map.neighbour(1, 0)], 1);
});
