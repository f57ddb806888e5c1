"""The modules for frameworks, with the real libraries."""
