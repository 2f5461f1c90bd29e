"""The dashboard's parts, each over one part of the store."""
