"""Tensors in, tensors out: the RGBA-VAE, the VLD-MMDiT, its text encoder, flow matching, sampling and checkpoints."""
