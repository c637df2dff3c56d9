"""Files, threads, processes and the terminal."""
