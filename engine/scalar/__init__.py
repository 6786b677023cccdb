"""The scalar reader: plans to generated Python functions that decide one set of inputs in microseconds."""
