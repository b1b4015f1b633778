/** The sizes of stars near measured ones, and the light of discs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { discSum } from "../src/discs.ts";
import { sizeOfStar, temperatureOf } from "../src/star_size.ts";
import { SUN_COLOR, SUN_LUMINOSITY, SUN_RADIUS_M } from "../src/sun.ts";
import type { Vec3 } from "../src/vec.ts";

const MAS = Math.PI / 180 / 3.6e6;

test("the Sun has its radius, from everywhere", () => {
  for (const distance of [1.5e11, 1e17]) {
    const size = sizeOfStar(SUN_LUMINOSITY / distance ** 2, SUN_COLOR);
    assert.ok(Math.abs((size * distance) / SUN_RADIUS_M - 1) < 1e-9);
  }
});

/** Magnitude G, temperature (kelvin) and colour that Helios gives it, and the measured angular diameter, mas. */
const MEASURED: Record<string, { mag: number; color: Vec3; kelvin: number; mas: number }> = {
  // Interferometers: Davis et al. 2011, Boyajian et al. 2012 and 2013, Mozurkewich et al. 2003.
  Sirius: { mag: -1.45, color: [0.88, 0.995, 1.4], kelvin: 9700, mas: 6.04 },
  Vega: { mag: 0.03, color: [0.884, 0.995, 1.393], kelvin: 9600, mas: 3.33 },
  Procyon: { mag: 0.29, color: [1.037, 0.985, 1.039], kelvin: 6550, mas: 5.45 },
  "61 Cyg A": { mag: 4.74, color: [1.307, 0.946, 0.634], kelvin: 4430, mas: 1.78 },
  Aldebaran: { mag: 0.28, color: [1.433, 0.921, 0.507], kelvin: 3900, mas: 20.6 },
};

for (const [name, { mag, color, kelvin, mas }] of Object.entries(MEASURED)) {
  test(`${name} is as large as measured, to a quarter`, () => {
    assert.ok(Math.abs(temperatureOf(color) / kelvin - 1) < 0.035, String(temperatureOf(color)));
    const found = (2 * sizeOfStar(7e-6 * 10 ** (-0.4 * mag), color)) / MAS;
    assert.ok(Math.abs(found / mas - 1) < 0.25, `${found.toFixed(2)} mas`);
  });
}

test("a large disc has the light of one that is darker at its limb", () => {
  // Of the linear law: pi a^2 (1 - u / 3).
  const a = 400;
  assert.ok(Math.abs(discSum(a) / (Math.PI * a * a * (1 - 0.6 / 3)) - 1) < 2e-3);
  // Of a small one sums over pixels, wherever its middle is, are that too.
  for (const radius of [0.8, 1.5, 3]) {
    for (const off of [0, 0.3, 0.5]) {
      let sum = 0;
      for (let y = -20; y <= 20; y++) {
        for (let x = -20; x <= 20; x++) {
          const r = Math.hypot(x - off, y - 0.5 * off);
          const mu = Math.sqrt(Math.max(1 - r ** 2 / (radius ** 2 + 2), 0));
          sum += (1 - 0.6 * (1 - mu)) / (1 + Math.exp((r - radius) / 0.39));
        }
      }
      assert.ok(Math.abs(sum / discSum(radius) - 1) < 0.035, `${radius} px, ${off}: ${sum / discSum(radius)}`);
    }
  }
});
