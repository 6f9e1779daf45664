"""A challenger beside the champion that is served: first in its shadow, then for a growing share of the questions."""
