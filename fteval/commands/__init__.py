"""The subcommands, one file each: parse, call one function per step, show, exit with a meaning."""
