"""RGBA pictures beside what an autoencoder made of them, by the AlphaVAE protocol."""
