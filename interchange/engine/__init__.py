"""How a mapping runs: plan, interpret, compile, derive, settle, ledger, lint, explain."""
