"""Figures, clips and pages."""
