"""Films: frames through ffmpeg, the system's or that of the extra `video`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError

ENDINGS = (".mp4", ".webm", ".mkv")
FPS = (1, 120)
CODECS = {
    ".mp4": ["-c:v", "libx264", "-crf", "18", "-preset", "medium", "-movflags", "+faststart"],
    ".mkv": ["-c:v", "libx264", "-crf", "18", "-preset", "medium"],
    ".webm": ["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "0"],
}
SAME_BYTES = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
"""ffmpeg writes no date and no version of its own, and one thread cuts frames in one way."""


def find_ffmpeg() -> str:
    """Return the path of ffmpeg: the system's where there is one, else that of `imageio-ffmpeg`.

    Raises InputError, saying how to get it, where there is neither.
    """
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        raise InputError(
            "a film needs ffmpeg, and there is none: pip install 'helios-planetarium[video]', or install ffmpeg"
        ) from error
    return get_ffmpeg_exe()


def check_film(path: Path, size: tuple[int, int], fps: int) -> None:
    """Raise InputError where no film of this size, in pixels, and rate can be written to a file of this name."""
    width, height = size
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"-o {path}: a film must end in {', '.join(ENDINGS)}")
    if width % 2 or height % 2 or min(width, height) < 16:
        raise InputError(f"size {width}x{height}: both sides of a film must be even and at least 16 pixels")
    if not FPS[0] <= fps <= FPS[1]:
        raise InputError(f"--fps {fps}: must be from {FPS[0]} to {FPS[1]} frames a second")


def write_film(target: Path, ending: str, frames: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: int) -> int:
    """Write `frames`, 8-bit RGB [H, W, 3] each, as the film `target` of the format `ending`, and return their number.

    `size` is (width, height). The same frames give the same bytes with the same ffmpeg. Raises InputError, with its
    last line, where ffmpeg fails.
    """
    width, height = size
    command = [find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", str(fps), "-i", "-", "-an", *CODECS[ending], "-pix_fmt", "yuv420p"]
    command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709"]
    command += ["-color_trc", "iec61966-2-1", *SAME_BYTES, "-f", _container(ending), str(target)]
    count = 0
    with tempfile.TemporaryFile() as told:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=told, stderr=told) as process:
            try:
                for frame in frames:
                    process.stdin.write(np.ascontiguousarray(frame).tobytes())  # type: ignore[union-attr]
                    count += 1
            except BrokenPipeError:  # it has ended, and says why
                pass
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            told.seek(0)
            lines = told.read().decode(errors="replace").strip().splitlines()
            raise InputError(f"ffmpeg ended with {process.returncode}: {lines[-1] if lines else 'it said nothing'}")
    return count


def _container(ending: str) -> str:
    return {".mkv": "matroska"}.get(ending, ending.removeprefix("."))
