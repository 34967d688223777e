"""From shards to checkpoints: what is read when, the losses, and the loop."""
