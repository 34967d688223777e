"""A layer stack <-> what it is stored or travels in: a sample of a shard, a PSD, a folder of pictures, a document."""
