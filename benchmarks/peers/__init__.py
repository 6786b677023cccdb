"""The entry policy as somebody who picked another tool would write it: one small module a tool."""
