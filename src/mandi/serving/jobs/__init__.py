"""Folders of questions answered beside the requests: handed in, followed, cancelled, told."""
