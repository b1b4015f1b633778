/** Programs that work on every pixel of a picture. */
import { Program, type UniformValue } from "./program.ts";
import { type Blending, type RenderTarget, drawInto } from "./textures.ts";

// One triangle that covers the target and reaches beyond it.
const VERTEX = /* glsl */ `
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
  at = 0.5 * corner + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}
`;

export class FullScreenPass {
  private readonly program: Program;

  /** `fragment` has `in vec2 at`: 0 to 1 from the left and from the bottom. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    fragment: string,
  ) {
    this.program = new Program(gl, VERTEX, fragment);
  }

  /** Draws into `target`, or to the canvas. */
  draw(
    target: RenderTarget | null,
    uniforms: Readonly<Record<string, UniformValue>>,
    blending: Blending = "replace",
  ): void {
    const { gl } = this;
    drawInto(gl, target, blending);
    this.program.use(uniforms);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
