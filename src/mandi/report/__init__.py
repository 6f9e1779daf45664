"""Notebooks, plots and the HTML pages made of them."""
