"""Mail servers for tests: real ones, private and throwaway, on loopback ports found free; and what is needed to make them fail."""
