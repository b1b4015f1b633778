"""One thread for each process: tests are many and their scenes small, and threads would spend their time waking."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
