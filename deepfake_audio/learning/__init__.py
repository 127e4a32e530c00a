"""How a network learns: losses, rates, sharpness, averages, teachers and adversaries. `module` puts them together."""
