"""The parts of bench/run.py, shared with the regression gate (tests/gate)."""
