"""Benchmarks: claims about speed and memory, measured by `make bench`, never by a timed test."""
