"""What a researcher does after the score: errors, thresholds, calibration, slices.

Pure functions on scores (n, F), labels (n, F) and tables; every figure with n and an interval.
"""
