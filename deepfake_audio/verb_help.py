"""What `--help` of a verb with a config says: Hydra's own help, in half of its time."""

from __future__ import annotations

from pathlib import Path

# Not an option of ours: how Hydra itself is run.
NO_CHOICE = ("hydra",)


def help_text(conf: Path, config_name: str, doc: str) -> str:
    """What the verb does, what each group offers, and the config as it is when nothing is overridden.

    Hydra reads all groups' folders anew for each group that it lists; here they are listed once.
    """
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(config_dir=str(conf.resolve()), version_base="1.3"):
        config = compose(config_name)
    groups = {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(conf.iterdir())
        if folder.is_dir() and folder.name not in NO_CHOICE
    }
    lines = [f"{group}: {', '.join(options)}" for group, options in groups.items() if options]
    return "\n".join(
        [
            doc,
            "",
            "== Configuration groups ==",
            "Compose your configuration from those groups (group=option)",
            "",
            *lines,
            "",
            "== Config ==",
            "Override anything in the config (foo.bar=value)",
            "",
            OmegaConf.to_yaml(config),
            "Behind overrides `--help` shows the config that they make; `--hydra-help` is about Hydra's own flags.",
        ]
    )
