"""The review screen: where a person, hours later and calmer, decides. `coolmail` alone in a terminal opens it; `start` is its door."""
