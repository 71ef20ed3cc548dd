"""Pure impact logic over an immutable topology: propagation, evidence, causes, suspects, margin."""
