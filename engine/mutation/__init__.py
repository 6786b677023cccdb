"""What becomes of a mutant: noticed by a suite, by an invariant, proved to be no change, or told apart by inputs."""
