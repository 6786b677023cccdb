"""The expression language: CEL text to one immutable typed tree, with spans, that every reader is given."""
