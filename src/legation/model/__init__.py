"""What flows through the house: frozen values, made of the standard library alone."""
