"""Where students' code runs: the walls, and the warm server behind them."""
