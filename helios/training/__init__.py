"""Training: K splats that stand for a cell's N emitters, judged by the light they conserve."""
