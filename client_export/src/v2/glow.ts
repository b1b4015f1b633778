/** The glow map of pack v2: on a cube around the Sun, the light of all stars that the sky tile lacks. */
import { SiteError } from "../errors.ts";
import type { Vec3 } from "../vec.ts";
import { checkCrc } from "./crc32.ts";
import type { Head } from "./head.ts";
import { OMEGA_0 } from "./quantities.ts";

const OMEGA = Float32Array.from({ length: 256 }, (_, q) => (q < 255 ? OMEGA_0 * 10 ** (-0.4 * (q / 16 + 2)) : 0));

/**
 * [6, n, n] light of the texels, steradians at exposure 1: faces -x, +x, -y, +y, -z, +z.
 *
 * @throws SiteError where `data` is not the glow map that a head announces. `what` names it.
 */
export async function decodeGlow(data: Uint8Array, glow: Head["glow"], what: string): Promise<Float32Array> {
  if (data.length !== glow.length) {
    throw new SiteError(`${what} is damaged: it has ${data.length} bytes, ${glow.length} were announced`);
  }
  checkCrc(data, glow.crc, what);
  const size = 6 * glow.n * glow.n;
  const light = new Float32Array(size);
  let at = 0;
  try {
    const reader = new Blob([data as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let part = await reader.read(); !part.done && at <= size; part = await reader.read()) {
      const steps: Uint8Array = part.value;
      for (let i = 0; i < steps.length && at + i < size; i++) light[at + i] = OMEGA[steps[i]];
      at += steps.length;
    }
    if (at > size) await reader.cancel();
  } catch {
    at = -1;
  }
  if (at !== size) throw new SiteError(`${what} is damaged: it does not unpack to the ${size} bytes of a map`);
  return light;
}

/** The unit vector to the middle of a texel of a map with n x n texels a face. */
export function texelDirection(texel: number, n: number): Vec3 {
  const face = Math.floor(texel / (n * n));
  const warped = (i: number) => Math.tan(((2 * (i + 0.5)) / n - 1) * (Math.PI / 4));
  const [a, b] = [warped(Math.floor(texel / n) % n), warped(texel % n)];
  const c = face % 2 ? 1 : -1;
  const length = Math.hypot(a, b, 1);
  const axis = face >> 1;
  const direction: [number, number, number] = [0, 0, 0];
  direction[axis] = c / length;
  direction[(axis + 1) % 3] = a / length;
  direction[(axis + 2) % 3] = b / length;
  return direction;
}
