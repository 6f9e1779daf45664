"""Personal data in texts: found by checked recognisers and a tagger of names and addresses, put under pseudonyms."""

from mandi.feedback.scrub.scrubber import Scrubbed, Scrubber, Span

__all__ = ["Scrubbed", "Scrubber", "Span"]
