/**
 * Saturn's rings: a layer of particles that scatter once, of an optical depth by the distance from the planet. Radii: Cuzzi et al.
 * 2010, Science 327, 1470; depths: rounded means of Colwell et al. 2009 (Saturn from Cassini-Huygens, ch. 13), so without ringlets.
 * Light of single scattering: Chandrasekhar 1960, Radiative Transfer, section 80.
 */

export const RINGED = "Saturn";
/** Equatorial radii of it. */
export const RINGS_OUT = 2.269;
/** From and to, equatorial radii of Saturn, and the optical depth straight through. */
export const BANDS = [
  [1.239, 1.527, 0.1],
  [1.527, 1.66, 1.0],
  [1.66, 1.951, 2.2],
  [1.951, 2.027, 0.12],
  [2.027, RINGS_OUT, 0.55],
] as const;
/**
 * Share of light that goes back, times the phase function, over four: by which Saturn and its rings have the light of Mallama &
 * Hilton 2018 at 18 to 27 degrees of tilt; at less, where globe and rings hide much of each other, it is up to 0.15 mag too much.
 */
export const BACK = 0.63;

/** Radiance over that of a white sheet in the same light, as seen at `mu` and lit at `mu0`, sines of the heights over the plane. */
export function glow(depth: number, mu: number, mu0: number, litSide: boolean): number {
  if (mu <= 0 || mu0 <= 0) return 0;
  if (litSide) return (BACK * mu0 * (1 - Math.exp(-depth / mu - depth / mu0))) / (mu + mu0);
  const apart = Math.max(Math.abs(mu - mu0), 1e-3);
  return (BACK * mu0 * Math.abs(Math.exp(-depth / mu) - Math.exp(-depth / mu0))) / apart;
}

/** Light of all rings over that of a white sheet as large as a square of the planet's equatorial radius, seen from before. */
export function ringLight(mu: number, mu0: number, litSide: boolean): number {
  return BANDS.reduce(
    (sum, [from, to, depth]) => sum + Math.PI * (to ** 2 - from ** 2) * mu * glow(depth, mu, mu0, litSide),
    0,
  );
}

// The build shortens names in shaders, so that only numbers may be put into them.
const EDGES = BANDS.map(([from, to]) => `${from.toFixed(3)}, ${to.toFixed(3)}`);
const DEPTHS = BANDS.map(([, , depth]) => depth.toFixed(3));
const BACK_TEXT = BACK.toFixed(3);

/** GLSL of the same: `ringDepth(r, blur)` with edges as wide as `blur`, `ringGlow(depth, mu, mu0, litSide)`. */
export const RING_GLSL = /* glsl */ `
float between(vec2 band, float r, float blur) {
  return smoothstep(band.x - blur, band.x + blur, r) - smoothstep(band.y - blur, band.y + blur, r);
}
float ringDepth(float r, float blur) {
  return ${DEPTHS[0]} * between(vec2(${EDGES[0]}), r, blur) +
    ${DEPTHS[1]} * between(vec2(${EDGES[1]}), r, blur) +
    ${DEPTHS[2]} * between(vec2(${EDGES[2]}), r, blur) +
    ${DEPTHS[3]} * between(vec2(${EDGES[3]}), r, blur) +
    ${DEPTHS[4]} * between(vec2(${EDGES[4]}), r, blur);
}
float ringGlow(float depth, float mu, float mu0, bool litSide) {
  if (mu < 1e-4 || mu0 < 1e-4) return 0.0;
  if (litSide) return ${BACK_TEXT} * mu0 * (1.0 - exp(-depth / mu - depth / mu0)) / (mu + mu0);
  return ${BACK_TEXT} * mu0 * abs(exp(-depth / mu) - exp(-depth / mu0)) / max(abs(mu - mu0), 1e-3);
}
`;
