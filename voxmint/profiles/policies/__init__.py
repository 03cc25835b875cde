"""The fleet's own rules, in `policies:` of `voxmint.yaml`."""
