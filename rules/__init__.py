"""What a policy says: from YAML text to a checked document and the plan it lowers to."""
