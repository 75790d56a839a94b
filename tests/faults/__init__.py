"""Real faults: the daemon killed, its clock moved, its network cut, its disk taken away; then the books are checked."""
