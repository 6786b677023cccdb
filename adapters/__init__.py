"""The world outside: command line, service, stores, journals and brokers around the pure engine."""
