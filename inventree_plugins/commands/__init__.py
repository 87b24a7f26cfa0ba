"""One use case a file: each takes a Context and its options, returns a frozen result, and prints nothing."""
