"""The api-versions of Azure Machine Learning, stable ones and those that azure-ai-ml sends."""

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"

VERSIONS = (
    "2026-09-01", "2026-07-01", "2026-05-01", "2026-03-01", "2025-12-01", "2025-10-01-preview",
    "2025-09-01", "2025-06-01", "2025-04-01", "2024-10-01-preview", "2024-10-01",
    "2024-07-01-preview", "2024-04-01-preview", "2024-04-01", "2024-01-01-preview", "2023-10-01",
    "2023-08-01-preview", "2023-06-01-preview", "2023-04-01-preview", "2023-04-01",
    "2023-02-01-preview", "2022-12-01-preview", "2022-10-01-preview", "2022-10-01",
    "2022-05-01", "2022-02-01-preview", "2022-01-01-preview", "2021-10-01",
    "2020-09-01-dataplanepreview",
)  # fmt: skip
"""Newest first. Source: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices"""
