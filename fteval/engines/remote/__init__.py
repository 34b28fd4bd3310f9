"""Models behind a server that speaks OpenAI's HTTP API: vLLM, a hosted provider, `transformers serve`, llama.cpp."""
