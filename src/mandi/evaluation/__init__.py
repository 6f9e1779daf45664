"""Judging models: metrics, back-tests, controls, slices, the gate and cards."""
