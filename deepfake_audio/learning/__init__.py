"""How a network learns: rates, sharpness, averages, teachers and adversaries. `models.module` puts them together."""
