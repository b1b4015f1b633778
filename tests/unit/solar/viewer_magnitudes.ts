/** What the viewer itself makes of bodies: JSON in, JSON out; see test_magnitudes.py. */
import { readFileSync } from "node:fs";
import { FROM_PX, REACH_PX, SOFT_PX, globeSum } from "../../../client_export/src/solar/globe.ts";
import { limitOf, peakOf } from "../../../client_export/src/solar/picture.ts";
import { GREY, WORLDS, magnitudeOf, smallMagnitude, smallRadiusM } from "../../../client_export/src/solar/planets.ts";
import { BANDS, RINGS_OUT, ringLight } from "../../../client_export/src/solar/ring.ts";
import { sheetOf } from "../../../client_export/src/solar/sight.ts";

const { phases, smalls, tilts, globes, sights, fov } = JSON.parse(readFileSync(0, "utf8"));
const worlds = WORLDS.map((world) => ({
  ...world,
  magnitudes: phases.map((phase: number) => magnitudeOf(world, 1.3, 0.7, phase)),
}));
const seen = sights.map(({ to, pole, flat, radius, distance, phase, globe }: any) => ({
  ...{ to, distance, phase, globe },
  body: { place: { radiusM: radius }, pole, world: { flat } },
}));
const height = 300;
const focal = height / 2 / Math.tan((fov * Math.PI) / 360);
const camera = { focalPx: () => focal, forward: [1, 0, 0] };
console.log(
  JSON.stringify({
    ...{ worlds, grey: GREY, bands: BANDS, out: RINGS_OUT, from: FROM_PX, soft: SOFT_PX, reach: REACH_PX },
    smalls: smalls.map(([comet, h, slope, sun, eye, phase]: any) =>
      smallMagnitude(comet, h ?? NaN, slope ?? NaN, sun, eye, phase),
    ),
    radii: smalls.map(([, h]: any) => smallRadiusM(h ?? NaN)),
    rings: tilts.map(([mu, mu0, lit]: any) => ringLight(mu, mu0, lit)),
    globes: globes.map(([radius, phase]: any) => globeSum(radius, phase)),
    peaks: seen.map((sight: any) => peakOf(sight, focal)),
    limits: seen.map((sight: any) => limitOf([sight], { camera, width: 400, height } as any)),
    sheet: sheetOf(1.5e11),
  }),
);
