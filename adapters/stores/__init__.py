"""Where the policy in force is kept: a folder, a Redis or Valkey, or a server of one's own; `urls` opens each."""
