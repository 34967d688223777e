"""One document at a time, plain functions on arrays: open, flatten, verify, filter, merge, resize, caption."""
