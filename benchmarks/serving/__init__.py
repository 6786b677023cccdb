"""What `benchmarks/serve.py` is made of: the load, the servers, and each measurement."""
