"""The paper; its lines move here."""
