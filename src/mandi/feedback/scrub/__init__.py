"""Personal data in texts: found by checked recognisers and a tagger of names and addresses, put under pseudonyms."""
