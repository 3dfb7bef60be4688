"""Networks from elsewhere and for elsewhere: what comes in is checked, what goes out compared."""
