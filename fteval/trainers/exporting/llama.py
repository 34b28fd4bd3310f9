"""llama.cpp's server out of the package xllamacpp, started as its own program is: a script, imported by nobody."""

from __future__ import annotations

import argparse
import signal

if __name__ == "__main__":
    import xllamacpp

    parser = argparse.ArgumentParser()
    parser.add_argument("-m", dest="model")
    for option in ("--alias", "--host"):
        parser.add_argument(option)
    for option in ("--port", "--threads"):
        parser.add_argument(option, type=int)
    parser.add_argument("--jinja", action="store_true")
    asked = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias, params.port = asked.model, {asked.alias}, asked.port
    params.hostnames, params.use_jinja, params.n_ctx = [asked.host], asked.jinja, 0
    if asked.threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = asked.threads
    server = xllamacpp.Server(params)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
