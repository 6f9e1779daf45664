"""Fine-tuning at a vendor, off by default: check the files, say what it costs, ask once, look how it goes."""
