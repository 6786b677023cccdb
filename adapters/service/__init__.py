"""The service that decides over HTTP: one process follows the store, others decide."""
