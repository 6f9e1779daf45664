"""Questions of the generated market: its deals, what the models would find, and the words around them."""
