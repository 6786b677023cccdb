"""Proofs on request: in a process of their own, each within its time."""
