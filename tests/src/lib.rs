//! Harness of the integration tests: everything that more than one test file needs.
