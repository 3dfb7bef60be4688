"""MLflow's REST protocol under /mlflow/: what logs to its server logs here by another address."""
