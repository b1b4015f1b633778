// In the page of other_viewers.html: `measure(viewer, data, name)` resolves to what a viewer reads from the file `data`
// and to the light that it draws of each splat: {splats: [{center, scales, opacity, color}], light: [[r, g, b]]}.

const SIZE = 512;
const FOV_DEG = 60;
// Standard deviation of the smallest splat on the screen: resolved, as some viewers widen what is not.
const SMALLEST_PX = 6;

const bytesOf = (data) => Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));

// A camera for each splat, all as far away, that has no other splat in view.
function camerasFor(THREE, splats) {
  const focal = SIZE / 2 / Math.tan((FOV_DEG * Math.PI) / 360);
  const smallest = Math.min(...splats.flatMap(({ scales }) => scales));
  const distance = (focal * smallest) / SMALLEST_PX;
  const [first, last] = [splats[0], splats.at(-1)].map(({ center }) => new THREE.Vector3(...center));
  const aside = last.clone().sub(first).cross(new THREE.Vector3(1, 2, 3)).normalize();
  return splats.map(({ center }) => {
    const camera = new THREE.PerspectiveCamera(FOV_DEG, 1, distance / 100, distance * 100);
    camera.position.set(...center).addScaledVector(aside, distance);
    camera.lookAt(...center);
    camera.updateMatrixWorld();
    return camera;
  });
}

function sumOf(pixels) {
  const sum = [0, 0, 0];
  for (let at = 0; at < pixels.length; at++) if (at % 4 < 3) sum[at % 4] += pixels[at];
  return sum;
}

async function withSpark(data, name) {
  const THREE = await import("spark-three");
  const { SparkRenderer, SplatMesh } = await import("spark");
  const renderer = new THREE.WebGLRenderer();
  const scene = new THREE.Scene();
  // Its limit for what is drawn of a pixel cuts the wings of faint splats; here all light counts.
  const spark = new SparkRenderer({ renderer, minAlpha: 0, extSplats: true, maxStdDev: 4 });
  scene.add(spark);
  const mesh = new SplatMesh({ fileBytes: bytesOf(data), fileName: name, extSplats: true });
  await mesh.initialized;
  scene.add(mesh);
  const splats = [];
  mesh.forEachSplat((_, center, scales, __, opacity, color) =>
    splats.push({ center: center.toArray(), scales: scales.toArray(), opacity, color: color.toArray() }),
  );
  const target = new THREE.WebGLRenderTarget(SIZE, SIZE, { type: THREE.FloatType });
  const light = [];
  for (const camera of camerasFor(THREE, splats)) {
    await spark.update({ scene, camera });
    renderer.setRenderTarget(target);
    renderer.setClearColor(0, 0);
    for (let again = 0; again < 20; again++) {
      renderer.clear();
      renderer.render(scene, camera);
      await new Promise((done) => setTimeout(done, 30));
    }
    const pixels = new Float32Array(4 * SIZE * SIZE);
    renderer.readRenderTargetPixels(target, 0, 0, SIZE, SIZE, pixels);
    light.push(sumOf(pixels));
  }
  return { splats, light };
}

async function withThree(data) {
  const THREE = await import("three/webgpu");
  const { GLTFLoader } = await import("three/addons/loaders/GLTFLoader.js");
  const { GLTFGaussianSplatLoaderExtension } = await import("three/addons/loaders/GLTFGaussianSplatLoaderExtension.js");
  const renderer = new THREE.WebGPURenderer({ forceWebGL: true });
  await renderer.init();
  const loader = new GLTFLoader();
  const read = [];
  loader.register((parser) => new GLTFGaussianSplatLoaderExtension(parser));
  const file = await loader.parseAsync(bytesOf(data).buffer, "");
  const scene = new THREE.Scene();
  scene.add(file.scene);
  scene.updateMatrixWorld(true);
  file.scene.traverse((object) => object.isGaussianSplat && read.push(object));
  const [mesh] = read;
  const { position, covariance, color } = mesh.splatGeometry.attributes;
  const splats = Array.from({ length: position.count }, (_, i) => ({
    center: new THREE.Vector3().fromBufferAttribute(position, i).applyMatrix4(mesh.matrixWorld).toArray(),
    scales: [0, 3, 5].map((k) => Math.sqrt(covariance.getComponent(i, k))),
    opacity: color.getW(i),
    color: [color.getX(i), color.getY(i), color.getZ(i)],
  }));
  const target = new THREE.RenderTarget(SIZE, SIZE, { type: THREE.FloatType });
  const light = [];
  for (const camera of camerasFor(THREE, splats)) {
    renderer.setRenderTarget(target);
    renderer.setClearColor(0, 0);
    renderer.render(scene, camera);
    light.push(sumOf(await renderer.readRenderTargetPixelsAsync(target, 0, 0, SIZE, SIZE)));
  }
  return { splats, light };
}

const VIEWERS = { spark: withSpark, three: withThree };

window.measure = (viewer, data, name) => VIEWERS[viewer](data, name);
