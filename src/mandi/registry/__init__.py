"""The only importer of mlflow: tracking, lineage, registration and promotion."""
