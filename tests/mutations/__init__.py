"""Are the rules of the walks sharp enough? Each mutation is one wrong line in the engine that a walk must find."""
