"""Publishing: who may say what is decided with, how they say it, and how it is taken back or halted."""
