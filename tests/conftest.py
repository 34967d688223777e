"""Property tests draw the same examples on every machine, and are not timed: the first call of a kernel compiles it."""

from hypothesis import settings

settings.register_profile("lamina", deadline=None, derandomize=True)
settings.load_profile("lamina")
