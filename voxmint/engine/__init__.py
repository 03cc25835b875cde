"""Effects: plan, mint, write; providers, endpoints, sinks, the ledger, the emulator."""
