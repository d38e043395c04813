"""What became of an object, told where its owner looks: in its status, and by Events."""
