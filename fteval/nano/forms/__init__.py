"""Questions of form in nano's world, as many as are wanted: one file per probe, with `rows(world, rng)`.

Each is an endless stream of hold-out rows without ids; `fteval.nano.holdouts` numbers them and drops repetitions.
"""
