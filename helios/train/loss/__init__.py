"""What a view is judged by: image losses, their fast twins for CPU and GPU, and metrics."""
