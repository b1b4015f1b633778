"""The Triton image loss against its torch twin and the device's memory: `python -m tests.bench.bench_gpu_loss`.

Microseconds per image of 256 x 256 for loss plus gradient, truth prepared beforehand, the least of many repeats; and
the ratio to the floor: the bytes that the Triton kernels move (`moved_bytes`) over the bandwidth of a large copy,
measured in the same run. Images are bright all over, or hold light only in a disc in the middle, as cells look from
far away. Exits with status 1 where there is no CUDA device.
"""

import sys

import torch

from helios.training.loss.image_terms import image_loss

SIDE = 256
CELLS, VIEWS, POOL = 64, 4, 8
TWIN_CELLS = 4
"""The twin's convolutions need some twenty times an image's memory."""
REPEATS = 30
WEIGHTS = {"lambda_dssim": 0.2, "lambda_flux": 1.0}
COPIED = 2**31
"""Bytes of the copy; many times the second-level cache."""


def seconds(function) -> float:
    """The least time of REPEATS calls, by the device's clock, after three to warm up."""
    for _ in range(3):
        function()
    times = []
    for _ in range(REPEATS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        function()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return min(times)


def copy_bandwidth() -> float:
    """Bytes per second of a large copy on the device, counting reads and writes."""
    source = torch.empty(COPIED, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * COPIED / seconds(lambda: target.copy_(source))


def draw(lit_radius: float, *shape: int) -> torch.Tensor:
    """float32 [*shape, SIDE, SIDE, 3]: noise up to `lit_radius` pixels from the middle, 0 further out."""
    axis = torch.arange(SIDE, device="cuda") - (SIDE - 1) / 2
    lit = axis[:, None] ** 2 + axis[None, :] ** 2 <= lit_radius**2
    return torch.rand(*shape, SIDE, SIDE, 3, device="cuda") * lit[..., None]


def loss_seconds(loss, pred, truth, views) -> float:
    """Seconds per image of loss and gradient."""
    pred = pred.detach().requires_grad_(True)

    def step():
        torch.autograd.grad(loss(pred, truth, views, **WEIGHTS).sum(), pred)

    return seconds(step) / views.numel()


def measure() -> list[dict[str, float | str]]:
    """Measure and print; return the figures, seconds per image."""
    from helios.training.loss.triton_loss import TritonTruth, moved_bytes, triton_image_loss

    torch.manual_seed(0)
    bandwidth = copy_bandwidth()
    print(f"{torch.cuda.get_device_name()}: a copy moves {bandwidth / 1e12:.2f} TB/s")
    print(
        f"{CELLS} cells of {VIEWS} views, {SIDE} x {SIDE} x 3; the twin on {TWIN_CELLS} cells; microseconds per image"
    )
    rows = []
    for name, radius in (
        ("bright all over", 2.0 * SIDE),
        ("disc of 45 px", 45.0),
        ("disc of 22 px", 22.0),
        ("black", 0.0),
    ):
        pred, truth = draw(radius, CELLS, VIEWS), draw(radius, CELLS, POOL)
        views = torch.randint(POOL, (CELLS, VIEWS), device="cuda")
        few = slice(TWIN_CELLS)
        twin = loss_seconds(image_loss, pred[few], truth[few], views[few])
        for dtype in (torch.float16, torch.float32):
            own = loss_seconds(triton_image_loss, pred, TritonTruth.of(truth, dtype), views)
            moved = moved_bytes(SIDE, SIDE, dtype, WEIGHTS["lambda_dssim"])
            floor = moved / bandwidth
            print(
                f"{name:15} truth {dtype!s:13} triton {own * 1e6:7.2f}   "
                f"torch {twin * 1e6:8.1f} ({twin / own:5.1f} x)   "
                f"{moved / 1e6:.2f} MB, floor {floor * 1e6:.2f} ({own / floor:.1f} x)"
            )
            row = {"images": name, "truth": str(dtype), "triton_s": own, "torch_s": twin, "floor_s": floor}
            rows.append(row | {"ratio_to_torch": twin / own, "ratio_to_floor": own / floor})
    return rows


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("bench_gpu_loss needs a CUDA device; torch sees none")
    measure()


if __name__ == "__main__":
    main()
