/**
 * Squares by the hundred thousand, of which tables hold what each is like.
 *
 * The obvious way, an instance of four vertices for each, wastes most lanes of GPUs that take up one instance at a time,
 * and costs those that are programs ten times as much. So an instance is a block of squares.
 */
export const QUADS_PER_BLOCK = 32;

/** GLSL of vertex shaders: which square of the instance's block a vertex is of, and which corner. */
export const QUAD_GLSL = /* glsl */ `
int quadOfBlock() {
  return gl_VertexID >> 2;
}
vec2 quadCorner() {
  return 2.0 * vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1) - 1.0;
}
`;

export class Quads {
  private readonly vertexArray: WebGLVertexArrayObject;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.vertexArray = gl.createVertexArray();
    gl.bindVertexArray(this.vertexArray);
    const corners = new Uint16Array(6 * QUADS_PER_BLOCK);
    for (let quad = 0; quad < QUADS_PER_BLOCK; quad++) {
      const first = 4 * quad;
      corners.set([first, first + 1, first + 2, first + 2, first + 1, first + 3], 6 * quad);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, corners, gl.STATIC_DRAW);
  }

  /** Draws `blocks` instances of `QUADS_PER_BLOCK` squares with the program in use. */
  draw(blocks: number): void {
    const { gl } = this;
    gl.bindVertexArray(this.vertexArray);
    gl.drawElementsInstanced(gl.TRIANGLES, 6 * QUADS_PER_BLOCK, gl.UNSIGNED_SHORT, 0, blocks);
  }
}
