"""Moving to the secondary region: data, inference, jobs and code."""
