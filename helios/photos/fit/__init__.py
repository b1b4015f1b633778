"""Training a scene of splats against photographs."""
