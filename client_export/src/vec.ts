/** Vectors of three float64: positions in metres never fit float32. */
export type Vec3 = readonly [number, number, number];

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** Metres and their squares are far from where float64 ends, and `Math.hypot`, which minds that, takes many times as long. */
export const length = (a: Vec3): number => Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** `a` at length 1; a vector of length 0 has no direction and gives NaN. */
export const unit = (a: Vec3): Vec3 => scale(a, 1 / length(a));

/** The unit vector a fraction `t` of the way along the great circle from unit `a` to unit `b`. */
export function slerp(a: Vec3, b: Vec3, t: number): Vec3 {
  const angle = Math.atan2(length(cross(a, b)), dot(a, b));
  if (angle < 1e-9) return b;
  // Opposite directions leave the great circle open: any perpendicular will do.
  const side = Math.PI - angle < 1e-6 ? unit(cross(a, Math.abs(a[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0])) : null;
  const toward = side ?? unit(sub(b, scale(a, dot(a, b))));
  return add(scale(a, Math.cos(t * angle)), scale(toward, Math.sin(t * angle)));
}
