"""
The kernel: descriptions, the loop compiler, ownership and one run. It knows no operator.
"""
