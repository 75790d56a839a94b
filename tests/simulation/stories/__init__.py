"""What the simulation found, each told as the shortest story that shows it, and the safeguards, each at the moment that it is there for."""
