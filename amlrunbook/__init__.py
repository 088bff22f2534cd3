"""Disaster recovery of Azure Machine Learning workspaces, step by step, with a signed journal."""

__version__ = "0.1.0"
