/** Squares by the hundred thousand, each with its own attributes, of which any part may change from frame to frame. */
import { type Range, merged } from "./ranges.ts";

/** Numbers of the squares, `size` of each: what the shader has at the location of the attribute's place in the list. */
export interface Attribute {
  values: Float32Array;
  size: number;
}

export class InstancedQuads {
  private readonly vertexArray: WebGLVertexArrayObject;
  private readonly buffers: WebGLBuffer[];
  private stale: Range[] = [];

  /** The arrays of `attributes` stay the caller's to write; `changed` tells what is new in them. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly attributes: readonly Attribute[],
  ) {
    this.vertexArray = gl.createVertexArray();
    gl.bindVertexArray(this.vertexArray);
    this.buffers = attributes.map(({ values, size }, location) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values.byteLength, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, 0, 0);
      gl.vertexAttribDivisor(location, 1);
      return buffer;
    });
  }

  /** Squares `start` to `end`, the latter not included, are other than they were when last drawn. */
  changed(start: number, end: number): void {
    if (end > start) this.stale.push({ start, end });
  }

  /** Draws the first `count` squares with the program in use; vertices 0 to 3 are left and right, below and above. */
  draw(count: number): void {
    this.upload();
    const { gl } = this;
    gl.bindVertexArray(this.vertexArray);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
  }

  private upload(): void {
    const { gl } = this;
    const ranges = merged(this.stale);
    this.stale = [];
    this.attributes.forEach(({ values, size }, location) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[location]);
      for (const { start, end } of ranges) {
        const offset = start * size * values.BYTES_PER_ELEMENT;
        gl.bufferSubData(gl.ARRAY_BUFFER, offset, values, start * size, (end - start) * size);
      }
    });
  }
}
