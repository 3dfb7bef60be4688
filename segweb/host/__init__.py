"""The processes on one host: starting, restarting and ending them."""
