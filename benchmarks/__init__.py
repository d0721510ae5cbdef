"""
One file per question; every figure is a ratio against a peer or a bound measured in the same run.
"""
