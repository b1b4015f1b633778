/** The glow map as it is drawn has the light of that which was packed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { glowMapOf } from "../src/tree/glow.ts";

test("the glow map keeps its light, and goes on across the edges of the cube", () => {
  const n = 16;
  const light = Float32Array.from({ length: 6 * n * n }, (_, i) => 1e-9 * (1 + (i % 7)));
  const { values } = glowMapOf(light, n, [1, 1, 1]);
  const uniform = glowMapOf(
    Float32Array.from({ length: 6 * n * n }, () => 1),
    n,
    [1, 2, 3],
  ).values;
  const side = n + 2;
  let [sum, sky] = [0, 0];
  for (let face = 0; face < 6; face++) {
    for (let i = 1; i <= n; i++) {
      for (let j = 1; j <= n; j++) {
        const at = 3 * ((face * side + i) * side + j);
        sum += values[at] / uniform[at];
        sky += 1 / uniform[at];
        assert.ok(Math.abs(uniform[at + 2] / uniform[at] - 3) < 1e-6);
      }
    }
  }
  const total = light.reduce((all, value) => all + value, 0);
  assert.ok(Math.abs(sum / total - 1) < 1e-5);
  assert.ok(Math.abs(sky / (4 * Math.PI) - 1) < 1e-6);
  // The border of face +z above its edge towards +x is the row of face +x below that edge, which has k = the axis z last.
  const border = (5 * side + side - 1) * side + 5;
  assert.ok(values.slice(3 * border, 3 * border + 3).every((value) => value > 0));
});
