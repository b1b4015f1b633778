/** Draws every loaded splat additively into the bound target. */
import {
  AddEquation,
  BufferAttribute,
  BufferGeometry,
  Camera as ThreeCamera,
  CustomBlending,
  DataTexture,
  DynamicDrawUsage,
  FloatType,
  GLSL3,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  OneFactor,
  RawShaderMaterial,
  RGBAFormat,
  Scene,
  Vector2,
  Vector3,
  type WebGLRenderer,
} from "three";
import type { Camera } from "./camera.ts";
import { NearSplats } from "./near.ts";
import type { SplatStore } from "./splat_store.ts";
import { STAR_FRAGMENT, STAR_VERTEX, TABLE_WIDTH } from "./star_shader.ts";
import { type Vec3, length, sub } from "./vec.ts";

/** Largest standard deviation that a splat shows, radians: one that the camera is inside must not fill the screen. */
const MAX_SPLAT_SIZE = 0.1;
const POINT_SIZE = 0;
/** A fade that lets everything through. */
const NO_FADE = [-2, -1] as const;

/** CSS pixels of the view and device pixels per CSS pixel. */
export interface ScreenSize {
  width: number;
  height: number;
  density: number;
}

export class StarPass {
  private readonly scene = new Scene();
  private readonly unused = new ThreeCamera(); // the shader has its own; three.js asks for one
  private readonly far: SplatMesh;
  private readonly near: SplatMesh;
  private readonly nearSplats = new NearSplats();
  private readonly weights: Float32Array;

  /** `maxCells`: how many cells `store` may come to hold. */
  constructor(
    private readonly store: SplatStore,
    maxCells: number,
  ) {
    this.weights = new Float32Array(maxCells);
    this.far = new SplatMesh(store, maxCells, false);
    this.near = new SplatMesh(this.nearSplats, 2, true);
    // The near splats' positions are unit vectors from the camera: their cells lie at the camera, one unit large.
    this.near.setRow(0, [0, 0, 0], 1, 1, MAX_SPLAT_SIZE);
    this.near.setRow(1, [0, 0, 0], 1, 1, POINT_SIZE);
    this.scene.add(this.far.mesh, this.near.mesh);
  }

  /** Adds the light of all splats, at `exposure`, to the renderer's current target. */
  draw(renderer: WebGLRenderer, camera: Camera, size: ScreenSize, exposure: number): void {
    if (this.far.shown < this.store.count) this.far.show(this.far.shown, this.store.count);
    this.store.cells.forEach((cell, row) => {
      this.weights[row] = cell.weight(camera.position);
      const to = sub(cell.origin, camera.position);
      const s = 1 / (length(to) + cell.unitM);
      const scaled: Vec3 = [to[0] * s, to[1] * s, to[2] * s];
      this.far.setRow(row, scaled, cell.unitM * s, this.weights[row], cell.points ? POINT_SIZE : MAX_SPLAT_SIZE);
    });
    this.nearSplats.gather(this.store, this.weights, camera.position);
    this.near.show(0, this.nearSplats.count);
    this.far.setView(camera, size, exposure, this.nearSplats.fade);
    this.near.setView(camera, size, exposure, NO_FADE);
    renderer.render(this.scene, this.unused);
  }
}

interface SplatArrays {
  means: Float32Array;
  covDiagonal: Float32Array;
  covOff: Float32Array;
  light: Float32Array;
}

/** Instanced quads over splat arrays, with the table of their cells. */
class SplatMesh {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly geometry = new InstancedBufferGeometry();
  private readonly attributes: InstancedBufferAttribute[] = [];
  private readonly table: DataTexture;
  private readonly rows: Float32Array;

  constructor(arrays: SplatArrays, maxCells: number, changesOften: boolean) {
    const height = Math.max(1, Math.ceil((2 * maxCells) / TABLE_WIDTH));
    this.rows = new Float32Array(4 * TABLE_WIDTH * height);
    this.table = new DataTexture(this.rows, TABLE_WIDTH, height, RGBAFormat, FloatType);
    const corners = new Float32Array([-1, -1, 0, 1, -1, 0, -1, 1, 0, 1, 1, 0]);
    this.geometry.setAttribute("position", new BufferAttribute(corners, 3));
    this.geometry.setIndex([0, 1, 2, 2, 1, 3]);
    this.geometry.instanceCount = 0;
    for (const name of ["means", "covDiagonal", "covOff", "light"] as const) {
      const attribute = new InstancedBufferAttribute(arrays[name], name === "means" ? 4 : 3);
      if (changesOften) attribute.setUsage(DynamicDrawUsage);
      this.attributes.push(attribute);
      this.geometry.setAttribute(name, attribute);
    }
    this.mesh = new Mesh(this.geometry, starMaterial(this.table));
    this.mesh.frustumCulled = false;
  }

  /** How many instances are drawn. */
  get shown(): number {
    return this.geometry.instanceCount;
  }

  /** Draws the first `end` instances, those from `start` on having changed. */
  show(start: number, end: number): void {
    this.geometry.instanceCount = end;
    this.mesh.visible = end > 0;
    if (end <= start) return;
    for (const attribute of this.attributes) {
      attribute.addUpdateRange(start * attribute.itemSize, (end - start) * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }

  setRow(row: number, origin: Vec3, unit: number, weight: number, maxAngularSize: number): void {
    this.rows.set([origin[0], origin[1], origin[2], unit, weight, maxAngularSize, 0, 0], 8 * row);
    this.table.needsUpdate = true;
  }

  setView(camera: Camera, size: ScreenSize, exposure: number, fade: readonly [number, number]): void {
    const { uniforms } = this.mesh.material;
    const { right, up, forward } = camera.basis();
    uniforms.right.value.set(...right);
    uniforms.up.value.set(...up);
    uniforms.forward.value.set(...forward);
    uniforms.viewport.value.set(size.width, size.height);
    uniforms.density.value = size.density;
    uniforms.focal.value = camera.focalPx(size.height);
    uniforms.exposure.value = exposure;
    uniforms.fade.value.set(...fade);
  }
}

function starMaterial(cells: DataTexture): RawShaderMaterial {
  return new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: STAR_VERTEX,
    fragmentShader: STAR_FRAGMENT,
    uniforms: {
      cells: { value: cells },
      right: { value: new Vector3() },
      up: { value: new Vector3() },
      forward: { value: new Vector3() },
      viewport: { value: new Vector2() },
      density: { value: 1 },
      focal: { value: 1 },
      exposure: { value: 1 },
      fade: { value: new Vector2() },
    },
    depthTest: false,
    depthWrite: false,
    transparent: true,
    blending: CustomBlending,
    blendEquation: AddEquation,
    blendSrc: OneFactor,
    blendDst: OneFactor,
  });
}
