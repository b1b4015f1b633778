/** Shader programs and the values of their uniforms. */
import { TEXT } from "../text/text.ts";

/** A float or integer, a vector of two or three floats, or a texture. */
export type UniformValue = number | readonly number[] | WebGLTexture;

interface Uniform {
  name: string;
  type: GLenum;
  location: WebGLUniformLocation;
}

export class Program {
  private readonly program: WebGLProgram;
  private readonly shaders: WebGLShader[];
  private uniforms: Uniform[] | null = null;

  /**
   * `vertex` and `fragment`: GLSL ES 3.00 without the line that says so. The driver compiles them while the caller goes
   * on.
   */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    vertex: string,
    fragment: string,
  ) {
    this.program = gl.createProgram();
    this.shaders = [compile(gl, gl.VERTEX_SHADER, vertex), compile(gl, gl.FRAGMENT_SHADER, fragment)];
    for (const shader of this.shaders) gl.attachShader(this.program, shader);
    gl.linkProgram(this.program);
  }

  /**
   * Makes it the program in use.
   *
   * @throws Error with the driver's words where it did not compile, or where one of its uniforms is not among `values`.
   */
  use(values: Readonly<Record<string, UniformValue>>): void {
    const { gl } = this;
    this.uniforms ??= this.linked();
    gl.useProgram(this.program);
    let unit = 0;
    for (const { name, type, location } of this.uniforms) {
      const value = values[name];
      if (value === undefined) throw new Error(`the shader's uniform ${name} was given no value`);
      if (typeof value === "number") {
        if (type === gl.INT) gl.uniform1i(location, value);
        else gl.uniform1f(location, value);
      } else if (value instanceof WebGLTexture) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, value);
        gl.uniform1i(location, unit++);
      } else if (value.length === 2) {
        gl.uniform2fv(location, value);
      } else {
        gl.uniform3fv(location, value);
      }
    }
  }

  /** Waits until it is linked, and returns its uniforms. */
  private linked(): Uniform[] {
    const { gl, program, shaders } = this;
    if (gl.isContextLost()) return []; // nothing can be asked; the restored context gets a program of its own
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const said = [...shaders.map((shader) => gl.getShaderInfoLog(shader)), gl.getProgramInfoLog(program)];
      throw new Error(TEXT.gpu.shaders(said.filter(Boolean).join("; ")));
    }
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) as number;
    return Array.from({ length: count }, (_, number) => {
      const { name, type } = gl.getActiveUniform(program, number) as WebGLActiveInfo;
      return { name, type, location: gl.getUniformLocation(program, name) as WebGLUniformLocation };
    });
  }
}

function compile(gl: WebGL2RenderingContext, kind: GLenum, source: string): WebGLShader {
  const shader = gl.createShader(kind) as WebGLShader;
  gl.shaderSource(shader, `#version 300 es\n${source}`);
  gl.compileShader(shader);
  return shader;
}
