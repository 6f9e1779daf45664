"""What can be asked of the service beside its models, subject by subject: contracts of bodies, and operations."""
