"""The operations of the service, part by part."""
