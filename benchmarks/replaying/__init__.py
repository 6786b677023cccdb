"""Logs that are made up for the benchmark of replays and for the page of reviews, and what running one takes."""
