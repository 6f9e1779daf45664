"""Texts as columns, classifiers that know how sure they are, and which texts are nearly the same."""
