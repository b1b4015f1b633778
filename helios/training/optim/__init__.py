"""The parameters of splats, the objective they are judged by, and the steps that better them."""
