"""Questions that wait for a person: opened by the router, claimed, answered, or over after a while."""
